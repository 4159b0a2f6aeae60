/** A node with nothing but files and txn.sh, for one shell: made anew for each test. */
import { existsSync, mkdirSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import {
  type PrepareOptions,
  type TxnAbout,
  type TxnAnswer,
  type TxnResult,
  prepare,
} from '../../src/apply/node-transaction.js';
import type { FileEdit } from '../../src/plan/file-edit.js';
import type { Session } from '../../src/ssh/session.js';
import { type Place, type Shell, type Tree, coarse, makePlace, put, treeOf } from './node-shell.js';

export const about = { run: 'r1', cluster: 'lab "1"', host: 'n1', operator: 'ä\n$(touch x)' } as unknown as TxnAbout;
/** The time of every file that a test begins with. */
export const old = new Date(1_600_000_000_123);

export function said(result: TxnResult): TxnAnswer {
  if (!result.ok) throw new Error(`${result.error.kind}: ${result.error.message}`);
  return result.value;
}

export const options = (edits: readonly FileEdit[], over: Partial<PrepareOptions> = {}): PrepareOptions => ({
  unit: 'kubelet.service',
  restart: true,
  reload: false,
  about,
  edits,
  ...over,
});

export interface TxnNode {
  readonly place: Place;
  readonly session: Session;
  /** Where its files lie. */
  readonly etc: string;
  tree(): Tree;
  prepared(edits: readonly FileEdit[], id?: string): Promise<TxnAnswer>;
  stateOf(id?: string): string;
  file(name: string, content?: string | Buffer, mode?: number): string;
  /** The files are those of `before`, and the transaction is gone. */
  nothingLeft(before: Tree, id?: string): void;
}

export function useNode(shell: Shell): TxnNode {
  let place: Place;
  let session: Session;
  beforeEach(() => {
    place = makePlace();
    mkdirSync(join(place.dir, 'etc'));
    session = place.session(shell);
  });
  afterEach(() => place.remove());
  const tree = (): Tree => {
    const exact = treeOf(join(place.dir, 'etc'));
    return shell.onlyBusybox === true ? coarse(exact) : exact;
  };
  return {
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
    prepared: async (edits, id = 'r1') => said(await prepare(session, id, options(edits))),
    stateOf: (id = 'r1') => readFileSync(join(place.root, 'txn', id, 'state'), 'utf8').trim(),
    file(name, content = 'old\n', mode = 0o644) {
      const path = join(place.dir, 'etc', name);
      put(path, content, mode);
      utimesSync(path, old, old);
      return path;
    },
    nothingLeft(before, id = 'r1') {
      expect(tree()).toEqual(before);
      expect(existsSync(join(place.root, 'txn', id))).toBe(false);
    },
  };
}
