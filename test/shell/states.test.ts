/** The probe and the transaction's own program read the state of a change in the same way, whatever lies in its folder. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NodeTransaction, isPending, listTransactions } from '../../src/change/transaction.js';
import { parseFacts } from '../../src/facts/parse.js';
import { script } from '../../src/node/scripts.js';
import type { Session } from '../../src/ssh/session.js';
import { type Place, makePlace, shells } from './node-shell.js';

/** What lies in the folder of a change, and the state that it has by that; undefined: it has none. */
const folders: Readonly<Record<string, readonly [files: Readonly<Record<string, string>>, state: string | undefined]>> =
  {
    prepared: [{ state: 'prepared\n' }, 'prepared'],
    armed: [{ state: 'armed\n', undecided: '-\n' }, 'armed'],
    writing: [{ state: 'writing\n', undecided: '-\n' }, 'writing'],
    applied: [{ state: 'applied\n', undecided: '-\n' }, 'applied'],
    confirmed: [{ state: 'confirmed\n', 'decided-confirm': '-\n' }, 'confirmed'],
    reverting: [{ state: 'reverting\n', 'decided-revert': '-\n' }, 'reverting'],
    reverted: [{ state: 'reverted\n', 'decided-revert': '-\n' }, 'reverted'],
    // What was decided counts where the disk was too full to say so.
    'applied-confirm': [{ state: 'applied\n', 'decided-confirm': '-\n' }, 'confirmed'],
    'applied-revert': [{ state: 'applied\n', 'decided-revert': '-\n' }, 'reverting'],
    'writing-revert': [{ state: 'writing\n', 'decided-revert': '-\n' }, 'reverting'],
    'armed-revert': [{ state: 'armed\n', 'decided-revert': '-\n' }, 'armed'],
    // A change that was confirmed is being taken back.
    'taken-back': [{ state: 'reverting\n', 'decided-confirm': '-\n' }, 'reverting'],
    unended: [{ state: 'applied' }, 'applied'],
    more: [{ state: 'applied\nconfirmed\n' }, 'applied'],
    empty: [{ state: '' }, 'unreadable'],
    blank: [{ state: '\n' }, 'unreadable'],
    'empty-confirm': [{ state: '', 'decided-confirm': '-\n' }, 'unreadable'],
    noise: [{ state: '\u0007\u001b[31mapplied\n' }, 'unreadable'],
    word: [{ state: 'of-tomorrow\n' }, 'unreadable'],
    padded: [{ state: 'confirmed \n' }, 'unreadable'],
    missing: [{ began: '1\n' }, undefined],
    'missing-confirm': [{ 'decided-confirm': '-\n' }, undefined],
  };
const wanted = {
  ...Object.fromEntries(
    Object.entries(folders).flatMap(([id, [, state]]) => (state === undefined ? [] : [[id, state]])),
  ),
  folder: 'unreadable',
  dangling: 'unreadable',
};

const settledStates = ['prepared', 'armed', 'confirmed', 'reverting', 'reverted'];
const marks = ['undecided', 'decided-confirm', 'decided-revert'];

/** Every word with every set of marks, and the state by the rule as a person would say it. */
const combinations = [...settledStates, 'writing', 'applied', 'stuck', 'unreadable', 'none'].flatMap((word) =>
  Array.from({ length: 2 ** marks.length }, (_, bits) => {
    const set = marks.filter((_mark, at) => (bits >> at) % 2 === 1);
    const files = { state: `${word}\n`, ...Object.fromEntries(set.map((mark) => [mark, '-\n'])) };
    return { id: `${word}-${bits}`, files, state: stateBy(word, set) };
  }),
);

function stateBy(word: string, set: readonly string[]): string {
  if (settledStates.includes(word)) return word;
  if (word !== 'writing' && word !== 'applied') return 'unreadable';
  if (set.includes('decided-confirm')) return 'confirmed';
  return set.includes('decided-revert') ? 'reverting' : word;
}

describe.each(shells)('$name', (shell) => {
  let place: Place;
  beforeAll(() => {
    place = makePlace();
    const at = (...names: readonly string[]): string => join(place.root, 'txn', ...names);
    for (const [id, [files]] of Object.entries(folders)) {
      mkdirSync(at(id), { recursive: true });
      for (const [name, text] of Object.entries({ about: '{}', ...files })) writeFileSync(at(id, name), text);
    }
    mkdirSync(at('folder', 'state'), { recursive: true });
    mkdirSync(at('dangling'));
    symlinkSync('nowhere', at('dangling', 'state'));
  });
  afterAll(() => place.remove());

  it('gives the probe the states that the program acts on', async () => {
    const { acted, probed } = await statesOf(place.session(shell));
    expect(acted).toEqual(wanted);
    expect(probed).toEqual(acted);
  });

  it('gives both the same state for every word, with and without each mark of a decision', async () => {
    const own = makePlace();
    for (const { id, files } of combinations) {
      mkdirSync(join(own.root, 'txn', id), { recursive: true });
      for (const [name, text] of Object.entries({ about: '{}', ...files }))
        writeFileSync(join(own.root, 'txn', id, name), text);
    }
    const { acted, probed } = await statesOf(own.session(shell));
    own.remove();
    expect(acted).toEqual(Object.fromEntries(combinations.map(({ id, state }) => [id, state])));
    expect(probed).toEqual(acted);
  });

  it.each(['prepared', 'armed', 'writing', 'applied', 'confirmed', 'reverting', 'reverted', 'of-tomorrow'])(
    'says by the same rule whether a change that is %s holds the node',
    async (word) => {
      const own = makePlace();
      mkdirSync(join(own.root, 'txn', 'r1'), { recursive: true });
      for (const [name, text] of Object.entries({ state: `${word}\n`, files: '', about: '{}' }))
        writeFileSync(join(own.root, 'txn', 'r1', name), text);
      const [kept] = await listed(own.session(shell));
      const asked = await own.session(shell).run(script('txn'), ['uninstall', 'all'], { deadline: 1 });
      own.remove();
      const holds = asked.ok && asked.value.stdout.toString('utf8').startsWith('result pending ');
      expect(holds).toBe(isPending(kept?.state ?? ''));
    },
  );
});

/** The state of each change as the transaction's program acts on it, and as the probe tells it. */
async function statesOf(session: Session): Promise<Record<'acted' | 'probed', Readonly<Record<string, string>>>> {
  const ran = await session.run(script('probe'), ['', '', '', '', '', '', '', '', '', '', '1000', ''], { deadline: 1 });
  if (!ran.ok) throw new Error(ran.error.message);
  const facts = parseFacts(ran.value.stdout.toString('utf8'));
  if (!facts.ok) throw new Error(facts.error);
  const byId = (all: readonly { readonly id: string; readonly state: string }[]): Record<string, string> =>
    Object.fromEntries(all.map(({ id, state }) => [id, state]));
  return { acted: byId(await listed(session)), probed: byId(facts.value.transactions) };
}

async function listed(session: Session): Promise<readonly NodeTransaction[]> {
  const kept = await listTransactions(session);
  if (!kept.ok) throw new Error(kept.error.message);
  return kept.value;
}
