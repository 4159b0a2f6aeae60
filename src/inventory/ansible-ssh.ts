/** What Ansible's connection variables mean for kubelatch, and what of them it has no place for. Pure. */
import type { AnsibleVariable } from './ansible-model.js';
import { readSshArguments } from './ansible-ssh-arguments.js';
import type { DraftSsh } from './draft.js';

export interface AnsibleHostVariables {
  readonly host: string;
  /** By name, each as the closest group or the host itself has it. */
  readonly variables: ReadonlyMap<string, AnsibleVariable>;
}

export interface ReadConnection {
  readonly address?: string | undefined;
  readonly ssh: DraftSsh;
  /** Lines with what was not carried over. */
  readonly notes: readonly { readonly line: number; readonly message: string }[];
  /** Why kubelatch cannot reach the host in the way that Ansible does. */
  readonly unusable?: { readonly line: number; readonly message: string } | undefined;
}

/** Older names of the same variables; the first one that is set counts. */
const names = {
  address: ['ansible_host', 'ansible_ssh_host'],
  port: ['ansible_port', 'ansible_ssh_port'],
  user: ['ansible_user', 'ansible_ssh_user'],
  identityFile: ['ansible_ssh_private_key_file', 'ansible_private_key_file'],
} as const;

const passwords = /^ansible_(ssh_|become_|sudo_|su_)?pass(word)?$/;
const sshArguments = ['ansible_ssh_common_args', 'ansible_ssh_extra_args', 'ansible_ssh_args'];
/** They say how Ansible works, not how the host is reached. */
const irrelevant =
  /^ansible_(python_interpreter|\w+_interpreter|shell_type|shell_executable|pipelining|ssh_pipelining|ssh_transfer_method|scp_if_ssh|sftp_batch_mode|remote_tmp|async_dir|ssh_retries|timeout|ssh_timeout|become_exe|become_flags|ssh_executable|sftp_executable|scp_executable|facts_parallel|fact_path)$/;

const truthy = /^(true|yes|on|1|y|t)$/i;

/** `home` of paths: relative ones start where Ansible was started, which `absolute` knows. */
export function readConnection(
  { host, variables }: AnsibleHostVariables,
  absolute: (path: string) => string,
): ReadConnection {
  const notes: { line: number; message: string }[] = [];
  let unusable: ReadConnection['unusable'];
  const text = (name: string): string | undefined => {
    const found = variables.get(name);
    if (found === undefined) return undefined;
    const value = found.value.replace(/\{\{\s*inventory_hostname\s*\}\}/g, host);
    const why = unreadable(value);
    if (why === undefined) return value.trim();
    unusable ??= { line: found.line, message: `${name} ${why}` };
    return undefined;
  };
  const first = (of: readonly string[]): string | undefined =>
    of.filter((name) => variables.has(name)).map(text)[0] || undefined;
  const [address, port, user, key] = [names.address, names.port, names.user, names.identityFile].map(first);
  const given = sshArguments.flatMap((name) => {
    const value = text(name);
    const line = variables.get(name)?.line ?? 0;
    if (value === undefined || value === '') return [];
    const read = readSshArguments(value, absolute);
    notes.push(...read.notes.map((message) => ({ line, message: `${name}: ${message}` })));
    return [read.ssh];
  });
  const ssh: DraftSsh = {
    ...(Object.assign({}, ...given.toReversed()) as DraftSsh),
    ...(port === undefined ? {} : { port: /^\d+$/.test(port) ? Number(port) : NaN }),
    ...(user === undefined ? {} : { user }),
    ...(key === undefined ? {} : { identityFile: absolute(key) }),
  };
  for (const [name, { value, line }] of variables) {
    const other = otherNote(name, value);
    if (other === undefined) continue;
    if (other.stops === true) unusable ??= { line, message: other.message };
    else notes.push({ line, message: other.message });
  }
  return { address, ssh, notes, unusable };
}

function unreadable(value: string): string | undefined {
  if (value.startsWith('$ANSIBLE_VAULT;')) return 'is encrypted with Ansible Vault, which kubelatch cannot read';
  return /\{\{|\{%/.test(value) ? 'is a template, which kubelatch cannot evaluate' : undefined;
}

const known: readonly string[] = [...Object.values(names).flat(), ...sshArguments];

/** About a variable that readConnection has no field for. */
function otherNote(name: string, value: string): { readonly message: string; readonly stops?: true } | undefined {
  if (!name.startsWith('ansible_') || known.includes(name) || irrelevant.test(name)) return undefined;
  if (passwords.test(name)) return { message: `${name} is not carried over: kubelatch asks for passwords` };
  switch (name) {
    case 'ansible_connection':
      if (/^(ssh|smart|paramiko(_ssh)?|(ansible\.\w+\.)?(ssh|paramiko_ssh))$/.test(value)) return undefined;
      return { message: `ansible_connection=${shown(value)}: kubelatch reaches hosts over SSH alone`, stops: true };
    case 'ansible_become':
      if (truthy.test(value)) return undefined;
      return { message: `ansible_become=${shown(value)} is not carried over: kubelatch needs root, and uses sudo` };
    case 'ansible_become_method':
      if (/^(ansible\.builtin\.)?sudo$/.test(value)) return undefined;
      return { message: `ansible_become_method=${shown(value)} is not carried over: kubelatch uses sudo` };
    case 'ansible_become_user':
      if (value === 'root') return undefined;
      return { message: `ansible_become_user=${shown(value)} is not carried over: kubelatch becomes root` };
    case 'ansible_host_key_checking':
    case 'ansible_ssh_host_key_checking':
      return { message: `${name} is not carried over: kubelatch always checks host keys` };
    default:
      return { message: `${name} is not carried over: kubelatch has no such setting` };
  }
}

const shown = (value: string): string => (/^[\w.:/@-]{1,40}$/.test(value) ? value : JSON.stringify(value.slice(0, 40)));
