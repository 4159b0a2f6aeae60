/** What a new inventory does not say and may have to, told once at the end. */
import type { CheckedLogin } from '../report/check-model.js';
import { type CliContext, loadHosts } from './context.js';
import { say } from './say.js';

/** Why a host may be one that only a bastion reaches. */
const unreached: ReadonlySet<string> = new Set(['dns', 'refused', 'timeout', 'network']);

/** `checked`: what came of the connections, if they were tested. */
export async function tellWhatToAdd(cli: CliContext, checked: readonly CheckedLogin[]): Promise<void> {
  const { inventory, hosts } = await loadHosts(cli);
  const { kubeconfig, context, via } = inventory.cluster;
  if ([kubeconfig, context, via].every((one) => one === undefined)) {
    say(
      `note: ${cli.flags.inventory} does not say how to reach the API server. Without it, kubelatch cannot check that nodes ` +
        'are Ready after a change, and apply needs --no-cluster or your yes.\n' +
        '  to add it: set kubeconfig and context, or via, under cluster',
    );
  }
  const isAway = checked.some(({ login }) => 'kind' in login && unreached.has(login.kind));
  if (isAway && hosts.every(({ ssh }) => ssh.jump.length === 0))
    say(
      `note: kubelatch uses a ProxyJump of ~/.ssh/config. If only another bastion reaches a host, set jump under ssh in ${cli.flags.inventory}`,
    );
}
