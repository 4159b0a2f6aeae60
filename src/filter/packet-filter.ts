/** The nftables table of a node that keeps pods from its kubelet, and the drop-in that loads it. Pure. */
import { parseCidr } from '../lib/cidr.js';
import { ToolError } from '../lib/errors.js';
import type { NodeText } from './node-text.js';

/** Also written in src/node/places.sh. */
export const filterPath = '/etc/kubelatch/kubelet.nft';

/** Where distributions have the program. systemd and the node programs call it by this path. */
export const nftPath = '/usr/sbin/nft';

/** In that drop-in: root loads the table, whoever the unit's user is. */
export const loadLine = `ExecStartPre=+${nftPath} -f ${filterPath}`;

export const filterDropIn = (unit: string): string => `/etc/systemd/system/${unit}.d/zz-kubelatch-filter.conf`;

/** What an attacker in a pod would ask: the kubelet's API and its read-only port. */
export const filteredPorts: readonly number[] = [10250, 10255];

export interface TableOptions {
  /** Networks of pods. */
  readonly podCidrs: readonly string[];
  readonly ports: readonly number[];
  /** Addresses of pods that may reach the kubelet, and networks of them. */
  readonly allowed: readonly string[];
}

/**
 * The table, and a drop-in of the kubelet's unit that loads it before each start: a kubelet does not start without it. Throws
 * ToolError for what is no network, address or port.
 */
export const packetFilterTexts = (options: TableOptions, unit: string): readonly NodeText[] => [
  { path: filterPath, text: nftablesTable(options) },
  {
    path: filterDropIn(unit),
    text: `# Written by kubelatch. Loads the packet filter that keeps pods from the kubelet.\n[Service]\n${loadLine}\n`,
  },
];

/**
 * Loading it again replaces the table in one step. Only new connections from the networks of pods are rejected, whatever
 * interface they come in by; the replies of pods to probes of the kubelet are not new. Other tables are not touched.
 */
export function nftablesTable({ podCidrs, ports, allowed }: TableOptions): string {
  const pods = familiesOf('a network of pods', podCidrs);
  const open = familiesOf('an allowed address', allowed);
  if (pods.v4.length + pods.v6.length === 0) throw new ToolError('usage', 'the networks of pods are not known');
  if (ports.length === 0 || ports.some((port) => !Number.isInteger(port) || port < 1 || port > 65535))
    throw new ToolError('usage', 'the ports of the kubelet must be from 1 to 65535');
  const dport = `tcp dport { ${ports.join(', ')} } ct state new`;
  const rule = (family: 'ip' | 'ip6', set: string): string =>
    `    ${family} saddr @pods${set} ${family} saddr != @allowed${set} ${dport} counter reject with tcp reset`;
  return [
    '# Written by kubelatch. It keeps pods on this node from the kubelet; everything else passes.',
    'table inet kubelatch',
    'delete table inet kubelatch',
    'table inet kubelatch {',
    ...setText('pods4', 'ipv4_addr', pods.v4),
    ...setText('pods6', 'ipv6_addr', pods.v6),
    ...setText('allowed4', 'ipv4_addr', open.v4),
    ...setText('allowed6', 'ipv6_addr', open.v6),
    '  chain input {',
    '    type filter hook input priority -5; policy accept;',
    '    iifname "lo" accept',
    ...(pods.v4.length === 0 ? [] : [rule('ip', '4')]),
    ...(pods.v6.length === 0 ? [] : [rule('ip6', '6')]),
    '  }',
    '}',
    '',
  ].join('\n');
}

function setText(name: string, type: string, elements: readonly string[]): string[] {
  const held = elements.length === 0 ? [] : [`    elements = { ${elements.join(', ')} }`];
  return [`  set ${name} {`, `    type ${type}`, '    flags interval', '    auto-merge', ...held, '  }'];
}

/** A network or a single address each, canonical. */
function familiesOf(what: string, texts: readonly string[]): { readonly v4: string[]; readonly v6: string[] } {
  const cidrs = texts.map((text) => {
    const cidr = parseCidr(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`);
    if (cidr === undefined)
      throw new ToolError('usage', `${what}: ${JSON.stringify(text)} is neither a network nor an address`);
    return cidr;
  });
  const of = (family: 4 | 6): string[] => cidrs.filter((one) => one.family === family).map(({ text }) => text);
  return { v4: of(4), v6: of(6) };
}
