/** What an audit and a gate ask of the API server of a large cluster: calls and bytes, counted by the server. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCluster } from '../../src/cluster/cluster.js';
import { openLocalGateway } from '../../src/cluster/local-gateway.js';
import { interval } from '../../src/gate/poll-all.js';
import { nameOf } from './api-objects.js';
import type { ApiLoad } from './figures.js';
import { measure } from './measure.js';
import type { Rig } from './rig.js';
import { kubelatch } from './subjects.js';

/** Nodes of the generated cluster. */
const apiNodes = 5_000;
/** Hosts that an audit reads; the others are in the cluster alone. */
const audited = 100;
/** Polls of a gate that are counted. */
const polls = 10;

type Counts = Readonly<Record<string, { readonly calls: number; readonly bytes: number }>>;

/** Throws where the program or the server fails. */
export async function apiLoad(rig: Rig, parallel: number): Promise<ApiLoad[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-api-'));
  try {
    return [await ofAudit(rig, parallel, folder), await ofGate(folder, parallel)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A program that is kubectl to kubelatch. */
function fakeKubectl(folder: string, counts: string): string {
  const file = join(folder, 'kubectl');
  const words = [`BENCH_API_NODES=${apiNodes}`, `BENCH_API_COUNTS=${counts}`, process.execPath];
  writeFileSync(file, `#!/bin/sh\nexec env ${words.join(' ')} ${join(import.meta.dirname, 'api-server.js')} "$@"\n`);
  chmodSync(file, 0o700);
  return file;
}

const readCounts = (file: string): Counts => JSON.parse(readFileSync(file, 'utf8')) as Counts;

async function ofAudit(rig: Rig, parallel: number, folder: string): Promise<ApiLoad> {
  const counts = join(folder, 'audit.json');
  const kubectl = fakeKubectl(folder, counts);
  const subject = {
    ...kubelatch,
    command: (fleet: Parameters<typeof kubelatch.command>[0]) => {
      const { args, ...command } = kubelatch.command(fleet);
      const withApi = ['--kubeconfig', join(folder, 'kubeconfig'), '--kubectl', kubectl];
      return { ...command, args: args.flatMap((word) => (word === '--no-cluster' ? withApi : [word])) };
    },
  };
  const { wall, peak } = await measure(subject, rig.fleet({ hosts: audited, parallel, canned: true }));
  return { what: `an audit of ${audited} hosts`, seconds: wall, peak, ...summed(readCounts(counts)) };
}

/** As the gates of as many nodes as are under way at once do it. */
async function ofGate(folder: string, gated: number): Promise<ApiLoad> {
  const counts = join(folder, 'gate.json');
  const places = { kubeconfig: '', context: '' };
  const gateway = await openLocalGateway({ kubectl: fakeKubectl(folder, counts), places });
  if (!gateway.ok) throw new Error(gateway.error.message);
  const cluster = createCluster(gateway.value);
  const names = Array.from({ length: gated }, (_, at) => nameOf(at));
  const view = await cluster.view();
  if (!view.ok || view.value.size !== apiNodes) throw new Error('the list of nodes was not read');
  const began = performance.now();
  for (let poll = 0; poll < polls; poll += 1) {
    const read = await Promise.all(names.map((name) => cluster.node(name, interval)));
    if (!read.every((node) => node.ok && node.value !== undefined)) throw new Error('a node was not read');
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
  const seconds = (performance.now() - began) / 1000;
  await cluster.close();
  return {
    what: `the gate of ${gated} nodes, ${polls} polls`,
    seconds,
    peak: undefined,
    ...summed(readCounts(counts)),
  };
}

function summed(counts: Counts): Pick<ApiLoad, 'calls' | 'bytes' | 'most'> {
  const all = Object.entries(counts).map(([kind, { calls, bytes }]) => ({ kind, calls, bytes }));
  return {
    calls: all.reduce((sum, one) => sum + one.calls, 0),
    bytes: all.reduce((sum, one) => sum + one.bytes, 0),
    most: all.toSorted((one, other) => other.bytes - one.bytes || other.calls - one.calls).slice(0, 3),
  };
}
