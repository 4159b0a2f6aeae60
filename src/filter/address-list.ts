/** systemd's address list in the kubelet's unit: which hosts it may talk to. Pure. */
import { parseAddress, parseCidr } from '../lib/cidr.js';
import { ToolError } from '../lib/errors.js';
import type { NodeText } from './node-text.js';

export interface AddressList {
  /** Addresses of the API server and of its virtual address. */
  readonly apiServer: readonly string[];
  readonly nodes: readonly string[];
  /** Needed for probes, so pods stay allowed. */
  readonly podCidrs: readonly string[];
  /** DNS servers of the node, cloud metadata, credential providers, monitoring. */
  readonly others: readonly string[];
}

/**
 * A drop-in for the kubelet's unit. It keeps out other hosts, and no pods: the lists hold for both directions, and probes
 * need the networks of pods. Not for units that also hold an API server. Throws ToolError where an address is none, or one list is empty.
 */
export function addressListDropIn({ apiServer, nodes, podCidrs, others }: AddressList): string {
  const lists = { 'the API server': apiServer, nodes, pods: podCidrs };
  for (const [name, list] of Object.entries(lists))
    if (list.length === 0)
      throw new ToolError('usage', `the addresses of ${name} are not known: without them the node fails`);
  const all = [...apiServer, ...nodes, ...podCidrs, ...others];
  const wrong = all.find((one) => parseAddress(one) === undefined && parseCidr(one) === undefined);
  if (wrong !== undefined) throw new ToolError('usage', `${JSON.stringify(wrong)} is neither a network nor an address`);
  const lines = [...new Set(all)].map((one) => `IPAddressAllow=${one}`);
  return [
    '# Written by kubelatch. Keeps out other hosts; pods stay allowed, because probes need them.',
    '[Service]',
    // Without counting, systemd does not tell whether it filters at all.
    'IPAccounting=yes',
    'IPAddressDeny=any',
    'IPAddressAllow=localhost',
    'IPAddressAllow=link-local',
    ...lines,
    '',
  ].join('\n');
}

export const addressListPath = (unit: string): string => `/etc/systemd/system/${unit}.d/zz-kubelatch-addresses.conf`;

/** The drop-in as a file of the kubelet's unit. */
export const addressListTexts = (list: AddressList, unit: string): readonly NodeText[] => [
  { path: addressListPath(unit), text: addressListDropIn(list) },
];
