/** What a supervisor's `profile` requires of its machine before anything starts. */
import type { ServiceCommand } from '../facts/command-line.js';
import type { ConfigFault } from '../facts/config-file.js';
import type { NodeFacts } from '../facts/node-facts.js';
import { wrongKernelSettings } from './kernel-settings.js';
import { isOn } from './supervisor-keys.js';
import type { Entry, SupervisorConfig } from './supervisor-config.js';

/** Allowed values of `profile`, and the variable that can also set it. */
export interface Profiles {
  readonly names: readonly string[];
  readonly variable: string;
  /** A user and group that a server with any profile needs to start, because they own etcd's files. */
  readonly account: string;
}

/** The profile with which the supervisor itself checks the kernel settings. */
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
 * What keeps the supervisor from starting its kubelet (rancher/rke2 pkg/rke2/profile_linux.go of v1.36; not confirmed whether
 * the first releases of 1.29 still accept older names).
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
    return [{ path, line, message: `unknown profile ${JSON.stringify(set.text)}; ${name} accepts ${known}` }];
  }
  const account = role === 'server' ? accountFaults(facts, profiles.account, set) : [];
  if (set.text !== strictProfile) return account;
  const protects = config.values.get('protect-kernel-defaults')?.at(-1);
  if (protects !== undefined && !isOn(protects.text)) {
    const message = `protect-kernel-defaults is off, but profile ${strictProfile} requires it`;
    return [{ path: protects.origin.path, line: protects.origin.line, message }, ...account];
  }
  const unfit = wrongKernelSettings(facts).filter(({ key }) => !key.startsWith('kernel.keys.'));
  const kernel = unfit.map(({ key, is, wanted }) => ({
    path,
    line,
    message: `profile ${strictProfile} requires ${key}=${wanted}, but the kernel has ${is}. Run: sysctl -w ${key}=${wanted}`,
  }));
  return [...kernel, ...account];
}

/** The supervisor only reads the local files, so an account from another source, such as LDAP, does not count. */
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
          message: `profile ${text} requires the ${missing.join(' and the ')} ${account} on a server, but it does not exist. Run: ${add}`,
        },
      ];
}

/** Whether the top-level key or the profile sets protectKernelDefaults. Undefined if neither does. */
export function protectsOf(
  config: SupervisorConfig,
  profile: Entry | undefined,
): { readonly value: boolean; readonly entry: Entry } | undefined {
  const entry = config.values.get('protect-kernel-defaults')?.at(-1);
  if (entry !== undefined) return { value: isOn(entry.text), entry };
  return profile?.text === strictProfile ? { value: true, entry: profile } : undefined;
}
