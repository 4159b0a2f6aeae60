/** The labs that run cells side by side, each with an API server, a network and one node of its own. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Answer, Order } from './lane.js';
import type { Result } from './cell.js';
import { type Cell, type LaneShape, nameOf } from './matrix.js';

export interface LaneOptions {
  readonly kind: 'standin' | 'real';
  /** Seconds. */
  readonly deadline: number;
  readonly evidence: string;
}

export interface Lane {
  readonly shape: LaneShape;
  /** A cell that the harness itself could not run is a result with a problem. */
  run(cell: Cell): Promise<Result>;
  end(): Promise<void>;
}

/** The order in which shapes get lanes: the first six have one of each. */
const order: readonly LaneShape[] = ['kubeadm', 'systemd', 'k3s-agent', 'rke2-server', 'k3s-server', 'rke2-agent'];

/** Shapes of the first `count` lanes, of those that are wanted; what has no lane then gets one that has become free. */
export function laneShapes(count: number, cells: readonly Cell[]): LaneShape[] {
  const wanted = order.filter((shape) => cells.some((cell) => cell.node === shape));
  return Array.from({ length: count }, (_, index) => wanted[index % wanted.length]).filter(
    (shape) => shape !== undefined,
  );
}

const scripts = resolve('test/lab');
/** Megabytes of a node's disk: what is written to it costs memory. etcd takes 64 for its log alone. */
const disks = { standin: '96', real: '640' };

/** Boots the lab number `index` and readies its node. Rejects when that fails. */
export async function openLane(shape: LaneShape, index: number, options: LaneOptions): Promise<Lane> {
  const base = process.env['KUBELATCH_LAB_STATE'] ?? '/var/lib/kubelatch-lab-faults';
  const [first, second] = (process.env['KUBELATCH_LAB_NET'] ?? '10.84.0').split('.');
  const env = {
    ...process.env,
    KUBELATCH_LAB_STATE: `${base}-${index}`,
    KUBELATCH_LAB_NET: `${first ?? '10'}.${second ?? '84'}.${index}`,
    KUBELATCH_LAB_DISK: disks[options.kind],
    LAB_DEADLINE: String(options.deadline),
    LAB_EVIDENCE: join(options.evidence, `lane-${index}`),
  };
  await lab('down.sh', [], env);
  await lab('up.sh', [options.kind, '--name', `faults-${index}`, `w:${shape}`], env);
  const child = fork(join(import.meta.dirname, 'lane.js'), { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ready = await nextAnswer(child);
  if (ready.word !== 'ready') {
    child.kill();
    throw new Error(`lane ${index} (${shape}): ${ready.word === 'broken' ? ready.error : 'no word'}`);
  }
  return {
    shape,
    async run(cell) {
      const answer = nextAnswer(child);
      child.send({ cell } satisfies Order);
      const said = await answer;
      return said.word === 'result' ? said.result : brokenCell(cell, said.word === 'broken' ? said.error : 'no word');
    },
    async end() {
      child.disconnect();
      await lab('down.sh', [], env);
    },
  };
}

const brokenCell = (cell: Cell, error: string): Result => ({
  cell,
  name: nameOf(cell),
  problems: [`the harness failed: ${error}`],
  said: '',
  files: '',
  revertTook: undefined,
  took: 0,
  version: '',
});

function nextAnswer(child: ChildProcess): Promise<Answer> {
  return new Promise((done) => {
    const ended = (): void => {
      child.off('message', heard);
      done({ word: 'broken', name: 'lane', error: 'its process ended' });
    };
    const heard = (answer: unknown): void => {
      child.off('exit', ended);
      done(answer as Answer);
    };
    child.once('message', heard);
    child.once('exit', ended);
  });
}

function lab(name: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const script = join(scripts, name);
  if (!existsSync(script)) throw new Error(`${script} is not there: run this from the checkout`);
  return new Promise((done, reject) => {
    const child = spawn(script, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) done();
      else reject(new Error(`${name} ${args.join(' ')} ended with ${code ?? 'a signal'}: ${said.slice(-1500)}`));
    });
  });
}
