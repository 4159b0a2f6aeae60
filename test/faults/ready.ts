/** Before each cell: the node clean and as it was planted, with the breakpoints in its sudo; and how the tool is called. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Lab } from '../lab/lab.js';
import { run } from '../lab/node-access.js';
import { startTool, makeHome, saidBy } from './tool.js';
import { type Files, type Reference, compare, filesOf, isCordoned, leftoversOf, servingAs } from './node-state.js';

export interface CommandLine {
  readonly main: string;
  readonly apply: readonly string[];
  /** As an operator whose inventory names no cluster. */
  readonly applyAlone: readonly string[];
  readonly resume: (run: string) => readonly string[];
  env(of: { readonly clockFile?: string | undefined; readonly local?: string }): Readonly<Record<string, string>>;
}

const here = import.meta.dirname;
const nodeScript = (name: string): string => join(here, 'node', name);

/** Programs that the tool sends; on the node they are known by the first line of what is sent. */
const sent = ['probe', 'watch', 'txn', 'http', 'kubectl'] as const;

/** `deadline` in seconds. */
export function commandLine(lab: Lab, node: string, folder: string, deadline: number): CommandLine {
  const { address, shape } = lab.nodes[node] ?? { address: '', shape: '' };
  const role = shape.includes('-server') ? 'control-plane' : 'worker';
  const inventory = (name: string, cluster: object): string => {
    const path = join(folder, name);
    const ssh = { user: 'deploy', identityFile: lab.key, knownHostsFile: lab.knownHosts, ...lab.transport };
    // JSON is YAML.
    writeFileSync(path, JSON.stringify({ cluster, ssh, groups: { nodes: { role, hosts: { [node]: { address } } } } }));
    return path;
  };
  const whole = inventory('inventory.yaml', { name: 'lab', kubeconfig: lab.kubeconfig });
  const common = [
    '--yes',
    '--no-input',
    '-o',
    'json',
    '--timeout',
    '30s',
    '--settle',
    '1s',
    '--deadline',
    `${deadline}s`,
  ];
  const rollout = ['--waves', '100%', '--max-unavailable', '2'];
  const alone = ['apply', '-i', whole, '--no-cluster', ...common, ...rollout];
  return {
    main: resolve('dist/main.js'),
    apply: ['apply', '-i', whole, '--cordon', ...common, ...rollout],
    applyAlone: alone,
    resume: (run) => ['resume', run, '-i', whole, ...common],
    env: ({ clockFile, local }) => ({
      LAB_KUBECTL: lab.kubectl,
      LAB_HOLD: local ?? '/nonexistent',
      KUBELATCH_KUBECTL: nodeScript('kubectl.sh'),
      KUBELATCH_OBSERVE: '0',
      ...(clockFile === undefined
        ? {}
        : { LAB_CLOCK: clockFile, NODE_OPTIONS: `--import file://${join(here, 'clock-shift.js')}` }),
    }),
  };
}

/** Puts the breakpoints into the node's way to root. They stay over a reboot. */
async function installHolds(lab: Lab, node: string): Promise<void> {
  const folder = '/usr/local/lib/lab-faults';
  const { script } = (await import(resolve('dist/node/scripts.js'))) as { readonly script: (name: string) => string };
  const lines = sent.map((name) => `${name} ${script(name).split('\n')[0] ?? ''}`);
  const files: readonly (readonly [string, string, string])[] = [
    [`${folder}/scripts`, `${lines.join('\n')}\n`, '644'],
    ...['hold.sh', 'root-shell.sh'].map(
      (name) => [`${folder}/${name}`, readFileSync(nodeScript(name), 'utf8'), '755'] as const,
    ),
    // Last: from here on it is used.
    ['/usr/local/bin/sudo', readFileSync(nodeScript('sudo.sh'), 'utf8'), '755'],
  ];
  const commands = files.map(
    ([path, text, mode]) =>
      `printf %s ${Buffer.from(text).toString('base64')} | base64 -d >${path} && chmod ${mode} ${path}`,
  );
  const done = await lab.on(node, ['set -e', `mkdir -p ${folder}`, ...commands].join('\n'));
  if (done.code !== 0) throw new Error(`the breakpoints cannot be put on ${node}: ${done.stderr}`);
}

/** What any fault may have left; the lab's own faults are cleared by planting. */
const clean = `for place in /etc /usr /var/lib; do ! mountpoint -q $place || umount -l $place; done
rm -f /var/lab-full
for table in labcut labconnect; do nft delete table inet $table 2>/dev/null; done
[ ! -e /etc/lab-sudoers ] || mv /etc/lab-sudoers /etc/sudoers.d/lab
systemctl stop 'kubelatch*' 2>/dev/null
rm -rf /run/lab-faults
systemctl is-active -q ssh || systemctl start ssh`;

/**
 * The node is as it was planted and serves; nothing of an earlier cell is left.
 * @param seen `old`: that was seen a moment ago. `touched`: plant it anyway. A change that was ended before its restart leaves files whose
 *   change time is newer than the kubelet, and without the cluster nothing tells what a restart would change then.
 */
export async function prepareNode(
  lab: Lab,
  node: string,
  reference: Reference | undefined,
  seen: 'unknown' | 'old' | 'touched' = 'unknown',
): Promise<void> {
  await Promise.all([lab.on('cp1', 'nft delete table inet labapi 2>/dev/null'), lab.on(node, clean), dropLeases(lab)]);
  if (await isCordoned(lab, node)) await kubectl(lab, ['uncordon', node]);
  if (reference !== undefined && (seen === 'old' || (seen !== 'touched' && (await isPlanted(lab, node, reference))))) {
    await lab.on(node, 'rm -rf /var/lib/kubelatch');
    return;
  }
  await lab.plant(node);
  const files = await filesOf(lab, node);
  if (reference !== undefined && compare(files, reference) !== 'old')
    throw new Error(`${node} is not as it was planted: ${compare(files, reference)}`);
}

async function isPlanted(lab: Lab, node: string, reference: Reference): Promise<boolean> {
  const left = await leftoversOf(lab, node);
  if (Object.values(left).some((one: readonly string[]) => one.length > 0)) return false;
  if (compare(await filesOf(lab, node), reference) !== 'old') return false;
  return (await servingAs(lab, node).catch(() => 'nothing')) === 'old';
}

/** Of runs that were killed: the next cell is not to wait for them. */
async function dropLeases(lab: Lab): Promise<void> {
  const { body } = await lab.get('/apis/coordination.k8s.io/v1/leases');
  const { items } = JSON.parse(body) as { items?: { metadata: { name: string; namespace: string } }[] };
  for (const { metadata } of items ?? []) {
    if (!metadata.name.startsWith('kubelatch')) continue;
    await kubectl(lab, ['delete', 'lease', '-n', metadata.namespace, metadata.name]);
  }
}

async function kubectl(lab: Lab, args: readonly string[]): Promise<void> {
  const done = await run(lab.kubectl, [`--kubeconfig=${lab.kubeconfig}`, ...args]);
  if (done.code !== 0) throw new Error(`${basename(lab.kubectl)} ${args.join(' ')}: ${done.stderr}`);
}

/** The files before and after an undisturbed change. */
export async function readReference(lab: Lab, node: string, command: CommandLine, folder: string): Promise<Reference> {
  await prepareNode(lab, node, undefined);
  await installHolds(lab, node);
  const old: Files = await filesOf(lab, node);
  const home = makeHome(join(folder, 'reference'), command.env({}));
  const said = saidBy(await startTool(command.main, command.apply, home, 240_000).ended);
  if (said.outcome !== 'confirmed')
    throw new Error(`an undisturbed change of ${node} was not confirmed: ${said.outcome ?? ''} ${said.reason}`);
  const reference = { old, new: await filesOf(lab, node) };
  await prepareNode(lab, node, reference);
  return reference;
}
