/** Asks how the hosts of a new inventory are reached and what their cluster is called; each question goes back to the one before. */
import { clusterNameFault } from '../inventory/schema.js';
import { jumpFault, userFault } from '../inventory/syntax.js';
import type { CliContext } from './context.js';
import { type Found, withSsh } from './init-source.js';
import { clusterNameOf, sshOfFlags } from './new-inventory.js';
import { type Back, ask, askInOrder } from './way-back.js';

export interface Answered {
  readonly found: Found;
  readonly clusterName: string;
}

/** The login, the bastion and the name of the cluster; each question goes back to the one before. */
export async function askSettings(cli: CliContext, found: Found): Promise<Answered | Back> {
  const { prompts, flags } = cli;
  const given = sshOfFlags(flags);
  const [user, jump] = [found.hosts[0]?.ssh.user, found.hosts[0]?.ssh.jump];
  const isSame = (at: 'user' | 'jump'): boolean =>
    found.hosts.every(({ ssh }) => JSON.stringify(ssh[at]) === JSON.stringify(found.hosts[0]?.ssh[at]));
  const hops = (text: string): readonly string[] => text.split(',').map((hop) => hop.trim());
  const optional = (check: (text: string) => string | undefined) => (text: string) =>
    text === '' || text === 'none' ? undefined : check(text);
  const questions = [
    ...(isSame('user')
      ? [
          {
            key: 'user',
            text: 'SSH user; nothing for the one in ~/.ssh/config',
            initial: given.user ?? user ?? '',
            fault: optional(userFault),
          },
        ]
      : []),
    ...(isSame('jump')
      ? [
          {
            key: 'jump',
            text: 'Bastion as [user@]host[:port]; nothing for none',
            initial: (given.jump ?? jump ?? []).join(','),
            fault: optional((text) =>
              hops(text)
                .map(jumpFault)
                .find((one) => one !== undefined),
            ),
          },
        ]
      : []),
    {
      key: 'name',
      text: 'Cluster name; you type it to confirm dangerous steps',
      initial: clusterNameOf(found, flags.clusterName),
      fault: clusterNameFault,
    },
  ];
  const answers = await askInOrder<(typeof questions)[number], string>(questions, async (one, _, before) => {
    const answer = await ask(prompts, one.text, before ?? one.initial, one.fault);
    return answer === undefined ? 'back' : { answer };
  });
  if (answers === 'back') return 'back';
  const answerTo = (key: string): string => answers[questions.findIndex((one) => one.key === key)] ?? '';
  const [userTyped, jumpTyped] = [answerTo('user'), answerTo('jump')];
  const ssh = {
    ...given,
    ...(userTyped === '' ? {} : { user: userTyped }),
    ...(jumpTyped === '' ? {} : { jump: jumpTyped === 'none' ? [] : hops(jumpTyped) }),
  };
  return { found: withSsh(found, ssh), clusterName: answerTo('name') };
}
