/** A node with nothing but files, units and txn.sh, for one shell: made anew for each test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import {
  type NodeTransaction,
  type PrepareOptions,
  type TxnAbout,
  type TxnAnswer,
  type TxnResult,
  arm,
  beat,
  confirm,
  listTransactions,
  prepare,
  write,
} from '../../src/change/transaction.js';
import type { FileEdit } from '../../src/plan/file-edit.js';
import type { Session } from '../../src/ssh/session.js';
import { type Place, type Shell, type Tree, coarse, makePlace, program, put, treeOf } from './node-shell.js';

export const about = { run: 'r1', cluster: 'lab "1"', host: 'n1', operator: 'ä\n$(touch x)' } as unknown as TxnAbout;
/** The time of every file that a test begins with. */
export const old = new Date(1_600_000_000_123);
export const nonce = 'a nonce';

export function said(result: TxnResult): TxnAnswer {
  if (!result.ok) throw new Error(`${result.error.kind}: ${result.error.message}`);
  return result.value;
}

export const options = (edits: readonly FileEdit[], over: Partial<PrepareOptions> = {}): PrepareOptions => ({
  unit: 'kubelet.service',
  restart: true,
  reload: false,
  watch: { unit: 'kubelet.service', processName: 'kubelet', logPath: undefined },
  about,
  edits,
  hold: 60,
  nonce,
  ...over,
});

/** What came of one of the switch's units. */
export interface UnitRun {
  readonly code: number | null;
  readonly journal: string;
}

export interface TxnNode {
  readonly place: Place;
  readonly session: Session;
  /** Where its files lie. */
  readonly etc: string;
  tree(): Tree;
  prepared(edits: readonly FileEdit[], id?: string, over?: Partial<PrepareOptions>): Promise<TxnAnswer>;
  /** Prepared and armed, for a minute if nothing else is said. */
  armed(edits: readonly FileEdit[], id?: string, over?: Partial<PrepareOptions & { deadline: number }>): Promise<void>;
  /** ... and written. */
  applied(
    edits: readonly FileEdit[],
    id?: string,
    over?: Partial<PrepareOptions & { deadline: number }>,
  ): Promise<void>;
  confirm(id?: string): Promise<TxnAnswer>;
  beat(id?: string): Promise<TxnAnswer>;
  kept(id?: string): Promise<NodeTransaction | undefined>;
  stateOf(id?: string): string;
  /** The path of a file of a transaction's folder. */
  of(name: string, id?: string): string;
  file(name: string, content?: string | Buffer, mode?: number): string;
  /** Runs what the unit says, as systemd would. */
  unit(name: 'switch' | 'boot'): Promise<UnitRun>;
  /** From now on the change belongs to an earlier start of the machine, and no timer runs. */
  goDown(id?: string): void;
  /** The machine starts: runs the boot unit if it is linked. */
  start(): Promise<UnitRun | undefined>;
  /** Calls of systemctl with these beginnings fail. */
  fails(...begins: readonly string[]): void;
  /** Waiting takes no time from here on, or so many seconds; the answer are the seconds that were asked for. */
  fast(seconds?: number): () => readonly string[];
  unitFiles(): string[];
  /** No unit, link or timer of the switch is there. */
  disarmed(): void;
  /** The files are those of `before`, the transaction is gone, and so is its switch. */
  nothingLeft(before: Tree, id?: string): void;
}

/** Runs what a unit file tells systemd to run. */
export async function runUnit(
  place: Place,
  shell: Shell,
  file: string,
  env: Readonly<Record<string, string>> = {},
): Promise<UnitRun> {
  const command = /^ExecStart=\/bin\/sh (.*)$/m.exec(readFileSync(join(place.units, file), 'utf8'))?.[1];
  if (command === undefined) throw new Error(`${file} runs no shell`);
  const argv = [...shell.argv.filter((word) => word !== '-s'), ...command.split(' ')];
  const child = spawn('setsid', argv, {
    env: { LC_ALL: 'C', ...place.env(shell), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let journal = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (journal += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, journal };
}

/** What the start of a machine does: the boot unit runs if it is wanted. */
export async function startMachine(
  place: Place,
  shell: Shell,
  env: Readonly<Record<string, string>> = {},
): Promise<UnitRun | undefined> {
  const link = join(place.units, 'multi-user.target.wants', 'kubelatch-boot.service');
  // Follows the link: systemd passes over one that leads nowhere.
  return existsSync(link) ? runUnit(place, shell, 'kubelatch-boot.service', env) : undefined;
}

export function useNode(shell: Shell): TxnNode {
  let place: Place;
  let session: Session;
  beforeEach(() => {
    place = makePlace();
    mkdirSync(join(place.dir, 'etc'));
    session = place.session(shell);
  });
  afterEach(() => {
    place.remove();
  });
  const tree = (): Tree => {
    const exact = treeOf(join(place.dir, 'etc'));
    return shell.onlyBusybox === true ? coarse(exact) : exact;
  };
  const of = (name: string, id = 'r1'): string => join(place.root, 'txn', id, name);
  const node: TxnNode = {
    get place() {
      return place;
    },
    get session() {
      return session;
    },
    get etc() {
      return join(place.dir, 'etc');
    },
    tree,
    of,
    prepared: async (edits, id = 'r1', over = {}) => said(await prepare(session, id, options(edits, over))),
    async armed(edits, id = 'r1', { deadline = 60, ...over } = {}) {
      expect(await node.prepared(edits, id, over)).toEqual({ word: 'prepared', detail: '' });
      expect(said(await arm(session, id, { deadline, cap: 3 * deadline }))).toEqual({
        word: 'armed',
        detail: `${deadline}`,
      });
    },
    async applied(edits, id = 'r1', over = {}) {
      await node.armed(edits, id, over);
      expect(said(await write(session, id))).toEqual({ word: 'applied', detail: '' });
    },
    confirm: async (id = 'r1') => said(await confirm(session, id, nonce)),
    beat: async (id = 'r1') => said(await beat(session, id, nonce)),
    async kept(id = 'r1') {
      const listed = await listTransactions(session);
      if (!listed.ok) throw new Error(listed.error.message);
      return listed.value.find((one) => one.id === id);
    },
    stateOf: (id = 'r1') => readFileSync(of('state', id), 'utf8').trim(),
    file(name, content = 'old\n', mode = 0o644) {
      const path = join(place.dir, 'etc', name);
      put(path, content, mode);
      utimesSync(path, old, old);
      return path;
    },
    unit: (name) => runUnit(place, shell, `kubelatch-${name}.service`),
    goDown(id = 'r1') {
      if (existsSync(of('boot', id))) writeFileSync(of('boot', id), 'another start:1\n');
      rmSync(join(place.dir, 'timer'), { force: true });
    },
    start: () => startMachine(place, shell),
    fails: (...begins) => {
      writeFileSync(join(place.dir, 'systemctl.fails'), begins.map((begin) => `${begin}\n`).join(''));
    },
    fast(seconds = 0) {
      const log = join(place.dir, 'sleep.log');
      program(
        join(place.bin, 'sleep'),
        `#!/bin/sh\necho "$1" >>"${log}"\n${seconds === 0 ? '' : `exec /bin/sleep ${seconds}\n`}`,
      );
      return () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : []);
    },
    unitFiles: () => Object.keys(treeOf(place.units)).filter((name) => name.includes('kubelatch')),
    disarmed() {
      expect([node.unitFiles(), existsSync(join(place.dir, 'timer'))]).toEqual([[], false]);
    },
    nothingLeft(before, id = 'r1') {
      expect(tree()).toEqual(before);
      expect(existsSync(join(place.root, 'txn', id))).toBe(false);
      node.disarmed();
    },
  };
  return node;
}
