/** Rules about who reaches a kubelet over the network: the files they need on a node, and whether these are in effect. Pure. */
import { type NodeFacts, unreadBecause } from '../facts/node-facts.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import type { Source } from '../facts/effective-kubelet.js';
import { addressListTexts } from '../filter/address-list.js';
import type { NodeText } from '../filter/node-text.js';
import { filterPath, filteredPorts, nftPath, packetFilterTexts } from '../filter/packet-filter.js';
import type { NetworkGuard } from './schema.js';

export interface GuardVerdict {
  readonly status: 'pass' | 'fail' | 'unknown';
  readonly got: string;
  readonly source: Source;
  readonly note?: string | undefined;
}

/** The files of a guard on a node whose kubelet runs in `unit`. */
export function guardTexts(guard: NetworkGuard, unit: string): readonly NodeText[] {
  if (guard.kind === 'packet-filter') {
    const { podNetworks, ports = filteredPorts, allow = [] } = guard.filter;
    return packetFilterTexts({ podCidrs: podNetworks, ports, allowed: allow }, unit);
  }
  const { apiServer, nodes, podNetworks, others = [] } = guard.list;
  return addressListTexts({ apiServer, nodes, podCidrs: podNetworks, others }, unit);
}

/** Judges files and effect. Whether the kubelet has started since is for the caller to judge. */
export function judgeGuard(facts: NodeFacts, setup: KubeletSetup, guard: NetworkGuard): GuardVerdict {
  for (const { path, text } of guardTexts(guard, setup.unit.name)) {
    const fault = fileFault(facts, path, text);
    if (fault !== undefined) return fault;
  }
  return guard.kind === 'packet-filter' ? filterEffect(facts) : listEffect(setup);
}

function fileFault(facts: NodeFacts, path: string, text: string): GuardVerdict | undefined {
  const file = facts.files.get(path);
  const source: Source = { kind: 'file', path };
  if (file === undefined || file.kind === 'absent') return { status: 'fail', got: 'no such file', source };
  if (file.kind !== 'file' || file.content === undefined)
    return { status: 'unknown', got: 'unread', source, note: `${path} could not be read${unreadBecause(facts, path)}` };
  return file.content.toString('utf8') === text ? undefined : { status: 'fail', got: 'other content', source };
}

/** What the node says of the table in effect, in words. */
const filterWords = {
  same: 'in effect',
  different: 'another table',
  missing: 'no table',
  unable: 'unknown',
  absent: 'no such file',
} as const;

function filterEffect({ packetFilter = 'unable' }: NodeFacts): GuardVerdict {
  const source: Source = { kind: 'running', path: filterPath, detail: 'table inet kubelatch' };
  const got = filterWords[packetFilter];
  if (packetFilter === 'same') return { status: 'pass', got, source };
  if (packetFilter === 'unable')
    return { status: 'unknown', got, source, note: `${nftPath} could not list the table inet kubelatch` };
  const note = `the table inet kubelatch in effect is not that of ${filterPath}; a restart of the kubelet loads it`;
  return { status: 'fail', got, source, note };
}

function listEffect({ unit }: KubeletSetup): GuardVerdict {
  const source: Source = { kind: 'running', detail: unit.name };
  if (unit.filtersAddresses === true) return { status: 'pass', got: 'in effect', source };
  if (unit.filtersAddresses === undefined)
    return { status: 'unknown', got: 'unknown', source, note: 'systemd did not tell whether it filters addresses' };
  const note =
    'systemd does not filter addresses for this unit: it has not been restarted, or the kernel lacks eBPF for control groups';
  return { status: 'fail', got: 'not in effect', source, note };
}

/** A guard in a few words. */
export function guardText(guard: NetworkGuard): string {
  if (guard.kind === 'address-list') {
    const { apiServer, nodes, podNetworks, others = [] } = guard.list;
    return `only ${[...apiServer, ...nodes, ...podNetworks, ...others].join(', ')}`;
  }
  const { podNetworks, ports = filteredPorts, allow = [] } = guard.filter;
  const but = allow.length === 0 ? '' : ` except ${allow.join(', ')}`;
  return `no connection from ${podNetworks.join(', ')}${but} to ports ${ports.join(', ')}`;
}
