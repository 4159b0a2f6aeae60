/** Writes a draft as the text of inventory.yaml: small, ordered, settings once. Pure. */
import { isIP } from 'node:net';
import type { DraftHost, DraftSsh } from './draft.js';
import { parseRange } from './range.js';

export interface NewInventory {
  /** Comment lines at the top, without #. */
  readonly about: readonly string[];
  readonly cluster: {
    readonly name: string;
    readonly kubeconfig?: string | undefined;
    readonly context?: string | undefined;
  };
  readonly hosts: readonly DraftHost[];
}

/** Ends with a line feed. Hosts keep their order inside a group; consecutive ones become ranges. */
export function inventoryYaml({ about, cluster, hosts }: NewInventory): string {
  const top = commonSsh(hosts.map(({ ssh }) => ssh));
  const groups = [...new Set(hosts.map(({ group }) => group))].flatMap((group) =>
    groupLines(
      group,
      hosts.filter((host) => host.group === group),
      top,
    ),
  );
  return [
    ...about.map((line) => `# ${comment(line)}`.trimEnd()),
    'cluster:',
    '  # You type this name to confirm dangerous steps.',
    `  name: ${scalar(cluster.name)}`,
    ...(cluster.kubeconfig === undefined ? [] : [`  kubeconfig: ${scalar(cluster.kubeconfig)}`]),
    ...(cluster.context === undefined ? [] : [`  context: ${scalar(cluster.context)}`]),
    ...(isReached(cluster) ? [] : howToReach(hosts)),
    '',
    '# For all hosts. What is not set here comes from ~/.ssh/config, such as ProxyJump.',
    ...(isEmpty(top) ? ['# ssh:'] : ['ssh:']),
    ...sshEntries(top).map((entry) => `  ${entry}`),
    ...(hosts.some(({ ssh }) => ssh.jump !== undefined) ? [] : ['#   jump: [bastion]']),
    '',
    'groups:',
    ...groups,
    '',
  ].join('\n');
}

/** True if it says how to reach the API server. */
const isReached = ({ kubeconfig, context }: NewInventory['cluster']): boolean =>
  kubeconfig !== undefined || context !== undefined;

/** Comments where nothing says how to reach the API server. */
const howToReach = (hosts: readonly DraftHost[]): readonly string[] => [
  '  # The API server. Without it, kubelatch cannot check that nodes are Ready after a change.',
  '  # kubeconfig: ~/.kube/config',
  '  # context: NAME',
  '  # Or kubectl on one of the hosts below, over SSH:',
  `  # via: ${scalar((hosts.find(({ role }) => role === 'control-plane') ?? hosts[0])?.name ?? 'cp1')}`,
];

function groupLines(group: string, hosts: readonly DraftHost[], top: DraftSsh): readonly string[] {
  const own = without(commonSsh(hosts.map(({ ssh }) => ssh)), top);
  const above = { ...top, ...own };
  const plain = hosts.map((host) => ({ ...host, ssh: without(host.ssh, above) }));
  return [
    `  ${scalar(group)}:`,
    `    role: ${hosts[0]?.role ?? 'worker'}`,
    ...(isEmpty(own) ? [] : [`    ssh: { ${sshEntries(own).join(', ')} }`]),
    '    hosts:',
    ...runsOf(plain).map((run) => `      ${hostEntry(run)}`),
  ];
}

const keys = ['user', 'port', 'identityFile', 'knownHostsFile', 'jump'] as const satisfies readonly (keyof DraftSsh)[];
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const isEmpty = (ssh: DraftSsh): boolean => keys.every((key) => ssh[key] === undefined);

const pick = (ssh: DraftSsh, wanted: (key: (typeof keys)[number]) => boolean): DraftSsh =>
  Object.fromEntries(keys.filter((key) => ssh[key] !== undefined && wanted(key)).map((key) => [key, ssh[key]]));

/** What all of them have. */
function commonSsh([first = {}, ...rest]: readonly DraftSsh[]): DraftSsh {
  return pick(first, (key) => rest.every((one) => same(one[key], first[key])));
}

const without = (ssh: DraftSsh, above: DraftSsh): DraftSsh => pick(ssh, (key) => !same(ssh[key], above[key]));

function sshEntries(ssh: DraftSsh): readonly string[] {
  return keys.flatMap((key) => {
    const value = ssh[key];
    if (value === undefined) return [];
    const text = Array.isArray(value) ? `[${value.map(scalar).join(', ')}]` : scalar(value as string | number);
    return [`${key}: ${text}`];
  });
}

/** Fewer consecutive hosts than this are written out. */
const shortestRange = 3;

interface Run {
  readonly hosts: readonly DraftHost[];
  readonly name: string;
  readonly address: string | undefined;
}

/** Neighbours whose names, and addresses if they have some, count up together. */
function runsOf(hosts: readonly DraftHost[]): readonly Run[] {
  const runs: Run[] = [];
  for (let at = 0; at < hosts.length;) {
    let [end, best] = [at + 1, single(hosts[at])];
    for (let next = at + 2; next <= hosts.length; next++) {
      if (!counts(hosts[next - 2], hosts[next - 1])) break;
      end = next;
    }
    if (end - at >= shortestRange) best = asRun(hosts.slice(at, end)) ?? best;
    if (best !== undefined) runs.push(best);
    at += best?.hosts.length ?? 1;
  }
  return runs;
}

const single = (host: DraftHost | undefined): Run | undefined =>
  host === undefined ? undefined : { hosts: [host], name: host.name, address: host.address };

/** True if `b` may come after `a` in one range. */
function counts(a: DraftHost | undefined, b: DraftHost | undefined): boolean {
  if (a === undefined || b === undefined || !same(a.ssh, b.ssh)) return false;
  if (a.nodeName !== undefined || b.nodeName !== undefined) return false;
  if ((a.address === undefined) !== (b.address === undefined)) return false;
  const names = rangeOf([a.name, b.name]);
  return names !== undefined && (a.address === undefined || rangeOf([a.address, b.address ?? '']) !== undefined);
}

function asRun(hosts: readonly DraftHost[]): Run | undefined {
  const name = rangeOf(hosts.map((host) => host.name));
  const addresses = hosts.flatMap((host) => (host.address === undefined ? [] : [host.address]));
  const address = addresses.length === 0 ? undefined : rangeOf(addresses);
  if (name === undefined || (addresses.length > 0 && address === undefined)) return undefined;
  return { hosts, name, address };
}

/** The range that stands for exactly these texts, of which one number counts up; undefined if there is none. */
function rangeOf(texts: readonly string[]): string | undefined {
  const parts = texts.map((text) => text.split(/(\d{1,9})/));
  const [first = [], last = []] = [parts[0], parts.at(-1)];
  const at = first.findIndex((part, i) => i % 2 === 1 && part !== last[i]);
  if (at === -1) return undefined;
  const range = first.map((part, i) => (i === at ? `[${part}:${last[i] ?? ''}]` : part)).join('');
  const read = parseRange(range);
  if (!read.ok || read.value.count !== texts.length) return undefined;
  return same(read.value.expand(), texts) ? range : undefined;
}

function hostEntry({ hosts, name, address }: Run): string {
  const [host] = hosts;
  const ssh = sshEntries(host?.ssh ?? {});
  const fields = [
    ...(address === undefined ? [] : [`address: ${address.includes('[') ? `'${address}'` : scalar(address)}`]),
    ...(host?.nodeName === undefined ? [] : [`nodeName: ${scalar(host.nodeName)}`]),
    ...(ssh.length === 0 ? [] : [`ssh: { ${ssh.join(', ')} }`]),
  ];
  const key = /^[^[]+\[/.test(name) ? name : scalar(name);
  return fields.length === 0 ? `${key}: {}` : `${key}: { ${fields.join(', ')} }`;
}

/** A plain word where YAML reads it as text; else quoted. */
function scalar(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const isWord = /^[A-Za-z_~/][\w./~@+-]*$/.test(value) && !/^(true|false|null|~|yes|no|on|off|y|n)$/i.test(value);
  return isWord || isIP(value) === 4 ? value : JSON.stringify(value);
}

const comment = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
