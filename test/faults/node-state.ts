/** What is true of a node after a cell: its files, what was left behind, whether its kubelet serves as the files say. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FileState, Lab } from '../lab/lab.js';

export type Files = Readonly<Record<string, FileState>>;

export interface Reference {
  readonly old: Files;
  readonly new: Files;
}

export interface Leftovers {
  readonly staged: readonly string[];
  readonly units: readonly string[];
  /** Transactions that are neither confirmed nor reverted: "ID STATE". */
  readonly pending: readonly string[];
  readonly stuck: readonly string[];
}

const script = (name: string): string => readFileSync(join(import.meta.dirname, 'node', name), 'utf8');

/** The kubelet's files; kubelatch's own folder and units are looked at on their own. */
export async function filesOf(lab: Lab, node: string): Promise<Files> {
  const all = await lab.snapshot(node);
  return Object.fromEntries(Object.entries(all).filter(([path]) => !ownWork(path)));
}

/** kubelatch's own folder, units and staged files; and what k3s and RKE2 lay out anew at each start. */
const ownWork = (path: string): boolean =>
  /^\/var\/lib\/kubelatch(\/|$)|\/\.?kubelatch-[^/]*$|\/00-(k3s|rke2)-defaults\.conf$|\/(k3s|rke2)\.yaml$/.test(path);

/** `old`, `new`, or the first differences to each. */
export function compare(files: Files, reference: Reference): string {
  const toOld = differences(files, reference.old);
  if (toOld.length === 0) return 'old';
  const toNew = differences(files, reference.new);
  if (toNew.length === 0) return 'new';
  return `mixed: not old in ${toOld.slice(0, 3).join(', ')}; not new in ${toNew.slice(0, 3).join(', ')}`;
}

function differences(left: Files, right: Files): string[] {
  return [...new Set([...Object.keys(left), ...Object.keys(right)])]
    .filter((path) => JSON.stringify(left[path]) !== JSON.stringify(right[path]))
    .sort();
}

/** What is there after `patience` milliseconds at the latest; at once where nothing is left. */
export async function leftoversAfter(lab: Lab, node: string, patience: number): Promise<Leftovers> {
  const end = performance.now() + patience;
  for (;;) {
    const left = await leftoversOf(lab, node);
    if (Object.values(left).every((one: readonly string[]) => one.length === 0) || performance.now() > end) return left;
    await sleep(300);
  }
}

export async function leftoversOf(lab: Lab, node: string): Promise<Leftovers> {
  const said = await lab.on(node, script('state.sh'));
  // What could not be looked at is not nothing.
  if (said.code !== 0 || !said.stdout.endsWith('\nend\n'))
    throw new Error(`${node} cannot be read: ${said.stderr.slice(-300)}`);
  const lines = said.stdout.split('\n').map((line) => line.split(' '));
  const second = (word: string): string[] => lines.filter(([first]) => first === word).map(([, value = '']) => value);
  const pending = lines.flatMap(([word, id = '', state = '']) =>
    word === 'transaction' && !['confirmed', 'reverted'].includes(state) ? [`${id} ${state}`] : [],
  );
  return { staged: second('staged'), units: [...new Set(second('unit'))], pending, stuck: second('stuck') };
}

/** How a node ended its change by itself; times in seconds of the machine's uptime, which is the node's too. */
export interface Settled {
  readonly how: 'settled' | 'confirmed' | 'unsettled';
  /** When the old files were back and the kubelet served as they say. */
  readonly oldAt: number | undefined;
}

/** Waits, `patience` seconds at most, until the node has ended its change; a node that boots meanwhile is asked again. */
export async function awaitSettled(lab: Lab, node: string, reference: Reference, patience: number): Promise<Settled> {
  const end = uptime() + patience;
  const changed = differences(reference.old, reference.new)
    .map((path) => `${reference.old[path]?.sha256 ?? '-'} ${path}`)
    .filter((line) => !line.startsWith('folder '));
  const words = changed.map((line) => `'${line}'`).join(' ');
  let oldAt: number | undefined;
  while (uptime() < end) {
    const left = Math.max(1, Math.ceil(end - uptime()));
    const address = lab.nodes[node]?.address ?? '';
    const asked = `set -- ${left} ${address} ${words}\n${script('await-old.sh')}`;
    const { stdout } = await lab.on(node, asked, { timeout: (left + 10) * 1000 });
    const at = /^old ([\d.]+)$/m.exec(stdout)?.[1];
    if (at !== undefined) oldAt ??= Number(at);
    const how = /^(settled|confirmed|unsettled) /m.exec(stdout)?.[1];
    if (how !== undefined) return { how: how as Settled['how'], oldAt };
    await sleep(200);
  }
  return { how: 'unsettled', oldAt };
}

/** Seconds since this machine was booted. */
export const uptime = (): number => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);

/** `old` or `new`: the kubelet serves as those files say; else what it does. Rejects where the node is not Ready in time. */
export async function servingAs(lab: Lab, node: string): Promise<string> {
  await lab.waitReady(node, { reachable: true });
  const { anonymous10250, port10255 } = await lab.probe(node);
  if (anonymous10250 === 200 && port10255 === 'open') return 'old';
  if (anonymous10250 === 401 && port10255 === 'refused') return 'new';
  return `anonymous request ${anonymous10250}, port 10255 ${port10255}`;
}

/** Who holds the cluster's run lock; empty where nobody does. */
export async function leaseHolder(lab: Lab): Promise<string> {
  const { body } = await lab.get('/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kubelatch');
  return (JSON.parse(body) as { spec?: { holderIdentity?: string } }).spec?.holderIdentity ?? '';
}

export async function kubeletVersion(lab: Lab, node: string): Promise<string> {
  const { body } = await lab.get(`/api/v1/nodes/${node}`);
  return (
    (JSON.parse(body) as { status?: { nodeInfo?: { kubeletVersion?: string } } }).status?.nodeInfo?.kubeletVersion ?? ''
  );
}

export async function isCordoned(lab: Lab, node: string): Promise<boolean> {
  const { body } = await lab.get(`/api/v1/nodes/${node}`);
  return (JSON.parse(body) as { spec?: { unschedulable?: boolean } }).spec?.unschedulable === true;
}
