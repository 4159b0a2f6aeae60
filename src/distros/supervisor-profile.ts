/** What a supervisor's `profile` asks of its machine before anything starts. */
import type { ServiceCommand } from '../facts/command-line.js';
import type { ConfigFault } from '../facts/config-file.js';
import type { NodeFacts } from '../facts/node-facts.js';
import { unfitKernelSettings } from './kernel-settings.js';
import type { Entry, SupervisorConfig } from './supervisor-config.js';

/** What `profile` may be, and the variable that says it too. */
export interface Profiles {
  readonly names: readonly string[];
  readonly variable: string;
  /** The user and group without which a server with any profile does not start: etcd's files are theirs. */
  readonly account: string;
}

/** The profile under which the supervisor itself looks at the kernel's settings. */
const strictProfile = 'cis';

export function profileOf(
  config: SupervisorConfig,
  profiles: Profiles | undefined,
  command: ServiceCommand,
): Entry | undefined {
  if (profiles === undefined) return undefined;
  const variable = command.variables.get(profiles.variable);
  const found =
    config.values.get('profile')?.at(-1) ?? (variable && { text: variable.value.text, origin: variable.origin });
  return found?.text === '' ? undefined : found;
}

/**
 * What stops the supervisor before its kubelet (rancher/rke2 pkg/rke2/profile_linux.go of v1.36; whether the first releases of 1.29
 * still took older names is not confirmed).
 */
export function profileFaults(
  facts: NodeFacts,
  { name, role, profiles }: { readonly name: string; readonly role: string; readonly profiles: Profiles | undefined },
  config: SupervisorConfig,
  set: Entry | undefined,
): ConfigFault[] {
  if (profiles === undefined || set === undefined) return [];
  const { path, line } = set.origin;
  if (!profiles.names.includes(set.text)) {
    const known = profiles.names.join(', ');
    return [{ path, line, message: `unknown profile ${JSON.stringify(set.text)}: ${name} knows ${known}` }];
  }
  const account = role === 'server' ? accountFaults(facts, profiles.account, set) : [];
  if (set.text !== strictProfile) return account;
  const protects = config.values.get('protect-kernel-defaults')?.at(-1);
  if (protects !== undefined && !isTrue(protects.text)) {
    const message = `protect-kernel-defaults is off, which profile ${strictProfile} forbids`;
    return [{ path: protects.origin.path, line: protects.origin.line, message }, ...account];
  }
  const unfit = unfitKernelSettings(facts).filter(({ key }) => !key.startsWith('kernel.keys.'));
  const kernel = unfit.map(({ key, is, wanted }) => ({
    path,
    line,
    message: `profile ${strictProfile} wants ${key}=${wanted}, and the kernel has ${is} (sysctl -w ${key}=${wanted})`,
  }));
  return [...kernel, ...account];
}

/** An account that another source of names knows is none to a program that reads the files alone, as this one does. */
function accountFaults(facts: NodeFacts, account: string, { text, origin }: Entry): ConfigFault[] {
  const known = facts.accounts.get(account);
  if (known === undefined) return [];
  const missing = [...(known.user ? [] : ['user']), ...(known.group ? [] : ['group'])];
  const add = known.user ? `groupadd -r ${account}` : `useradd -r -s /sbin/nologin -M ${account} -U`;
  return missing.length === 0
    ? []
    : [
        {
          path: origin.path,
          line: origin.line,
          message: `profile ${text} wants the ${missing.join(' and the ')} ${account} on a server, and there is none (${add})`,
        },
      ];
}

const isTrue = (text: string): boolean => /^(1|t|true)$/i.test(text);

/** Whether the kernel's settings are left alone, by the top-level key or the profile; undefined where neither says so. */
export function protectsOf(
  config: SupervisorConfig,
  profile: Entry | undefined,
): { readonly value: boolean; readonly entry: Entry } | undefined {
  const entry = config.values.get('protect-kernel-defaults')?.at(-1);
  if (entry !== undefined) return { value: isTrue(entry.text), entry };
  return profile?.text === strictProfile ? { value: true, entry: profile } : undefined;
}
