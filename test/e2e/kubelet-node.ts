/** Asks the kubelet program of a lab node what it makes of many configurations: each is a unit of its own, started once. */
import { join } from 'node:path';
import { probeRequest } from '../../src/distros/index.js';
import { commandOf } from '../../src/distros/systemd-kubelet.js';
import { readSources } from '../../src/distros/systemd-sources.js';
import type { KubeletSources } from '../../src/facts/effective-kubelet.js';
import type { NodeFacts, ProcessFact, UnitFact } from '../../src/facts/node-facts.js';
import type { Value } from '../../src/facts/value.js';
import { type ConfigCase, header } from '../facts/config-texts/config-case.js';
import { loggedConfiguration } from '../facts/config-texts/go-value.js';
import type { Lab } from '../lab/lab.js';
import { type PlacedService, base, factsOf, install, must, remove } from './systemd-node.js';

/** What the kubelet said: why it did not start, or that it did, with its configuration where it logs that. */
export type Answer = { readonly refusal: string } | { readonly configuration: Value | undefined };

/** Of the kubelet program of a node. */
export async function kubeletMinor(lab: Lab, node: string): Promise<number> {
  const { stdout } = await lab.on(node, '/usr/bin/kubelet --version');
  const minor = Number(/v1\.(\d+)/.exec(stdout)?.[1]);
  if (!Number.isInteger(minor)) throw new Error(`no version of a kubelet: ${stdout}`);
  return minor;
}

/** What kubelatch reads of a node with these services, and what the kubelet says of each of them, by its name. */
export async function readAndAsked(
  lab: Lab,
  node: string,
  services: readonly PlacedService[],
): Promise<{ readonly facts: NodeFacts; readonly answers: ReadonlyMap<string, Answer> }> {
  await remove(lab, node);
  await install(lab, node, services);
  return { facts: await probed(lab, node, services), answers: await ask(lab, node, services) };
}

/** Flags without which it would touch what is not its own; it ends when it finds no container runtime. */
function ownFlags(folder: string, minor: number, runtime: string): string {
  return [
    `--root-dir=${folder}/root --cert-dir=${folder}/cert --container-runtime-endpoint=unix://${runtime} --v=5`,
    ...(minor < 27 ? ['--container-runtime=remote'] : []),
    ...(minor >= 35 ? ['--fail-cgroupv1=false'] : []),
  ].join(' ');
}

export function placedCase(one: ConfigCase, index: number, minor: number): PlacedService {
  const name = `kt-${String(index).padStart(3, '0')}`;
  const folder = `${base}/${name}`;
  const fill = (text: string): string => text.replaceAll('~d~', folder);
  const files: Record<string, string | Buffer> = {};
  const text = one.whole ?? (one.config === undefined ? undefined : header + fill(one.config));
  if (text !== undefined) files[`${folder}/config.yaml`] = text;
  for (const [path, content] of Object.entries(one.dropIns ?? {})) files[join(folder, 'd', path)] = header + content;
  for (const [path, content] of Object.entries(one.bare ?? {})) files[join(folder, 'd', path)] = content;
  const hasFolder = one.dropIns !== undefined || one.bare !== undefined;
  const configDir = one.configDir ?? (hasFolder ? '~d~/d' : undefined);
  const words = [
    ownFlags(folder, minor, one.late === true ? '/run/containerd/containerd.sock' : '/nonexistent'),
    ...(text === undefined ? [] : [`--config=${folder}/config.yaml`]),
    ...(configDir === undefined ? [] : [`--config-dir=${fill(configDir)}`]),
    ...(one.flags === undefined ? [] : [fill(one.flags)]),
  ];
  files[`/run/systemd/system/${name}.service`] = `[Service]
Type=oneshot
TimeoutStartSec=12
KillSignal=SIGKILL
StandardOutput=null
StandardError=truncate:${folder}/log
${fill(one.directives ?? '')}ExecStart=/usr/bin/kubelet ${words.join(' ')}
`;
  const links = Object.entries(one.links ?? {}).map(([path, target]) => [`${folder}/${path}`, target] as const);
  return { name: one.name, unit: `${name}.service`, files, folders: [folder], links: Object.fromEntries(links) };
}

/** The node's own kubelet, whose version is asked for, is the last of the units. */
const probed = (lab: Lab, node: string, services: readonly PlacedService[]): Promise<NodeFacts> =>
  factsOf(lab, node, services, { ...probeRequest(), units: [...services.map(({ unit }) => unit), 'kubelet.service'] });

/** The node's own kubelet, as if it had been started long ago with nothing: it proves the version, and no file or word. */
export function versionOnly(facts: NodeFacts): ProcessFact {
  const found = facts.processes.find(({ name }) => name.startsWith('kubelet'));
  if (found?.version === undefined) throw new Error('no kubelet runs that tells its version');
  return { ...found, argv: ['/usr/bin/kubelet'], startedAt: 0, pid: 1, parent: 0 };
}

export const sourcesOf = (facts: NodeFacts, unit: UnitFact, process: ProcessFact | undefined): KubeletSources =>
  readSources(facts, unit, commandOf(facts, unit), process);

/** How many run at the same time: mostly they wait. */
const together = 12;

/** Starts all, some at a time, and waits until each has ended. */
async function ask(lab: Lab, node: string, services: readonly PlacedService[]): Promise<ReadonlyMap<string, Answer>> {
  const units = services.map(({ unit }) => unit);
  const script = `set -- ${units.join(' ')}
while [ $# -gt 0 ]; do
  some=("\${@:1:${together}}")
  shift "\${#some[@]}"
  systemctl start -- "\${some[@]}" 2>/dev/null
done
systemctl show -p Id -p Result -- ${units.join(' ')} | sed -n 's/^Id=//p; s/^Result=//p' | paste - - >${base}/results
for unit in ${units.join(' ')}; do
  echo "== $unit $(sed -n "s/^$unit\\t//p; s/\\t$unit\\$//p" ${base}/results)"
  sed '/^goroutine [0-9]/,$d; /^SDK\\|^I.*grpc/d' ${base}/"\${unit%.service}"/log
done`;
  const said = await must(lab, node, script, { timeout: 170_000 });
  const found = new Map<string, Answer>();
  for (const part of said.split(/^== /m).slice(1)) {
    const end = part.indexOf('\n');
    const [unit = '', result = ''] = part.slice(0, end).split(' ');
    found.set(unit, answerIn(part.slice(end + 1), result));
  }
  return found;
}

/** How one ends that would have gone on: no runtime, no API server to ask, a port that the node's own kubelet holds. */
const goesOn =
  /validate service connection|get remote runtime typed version failed|no client provided, cannot use webhook|address already in use|EADDRINUSE/;

function answerIn(log: string, result: string): Answer {
  if (result === 'timeout' || goesOn.test(log)) return { configuration: loggedConfiguration(log) };
  const lines = log.split('\n').filter((line) => /^(E|F)\d{4}|^panic:|^Error:|^\s*unknown|failed|invalid/i.test(line));
  return { refusal: (lines.at(-1) ?? log.trimEnd().split('\n').at(-1) ?? '').slice(0, 600) };
}
