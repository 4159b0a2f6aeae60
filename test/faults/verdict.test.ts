/** A cell is green only when the word of the tool is true and nothing is left: each lie and each leftover makes it red. */
import { describe, expect, it } from 'vitest';
import { allCells } from './matrix.js';
import { type Evidence, problemsOf } from './verdict.js';

const cellOf = (fault: string): Evidence['cell'] => {
  const found = allCells().find((cell) => cell.fault === fault);
  if (found === undefined) return expect.fail(`no cell of ${fault}`);
  return found;
};
const said = (code: number, outcome: string | undefined): Evidence['run'] => ({
  code,
  outcome,
  reason: 'because',
  hint: '',
});

const reverted: Evidence = {
  cell: cellOf('ssh-cut'),
  reached: true,
  run: said(4, 'reverted'),
  filesAfterRun: 'old',
  resume: undefined,
  unbegun: false,
  files: 'old',
  serving: 'old',
  leftovers: { staged: [], units: [], pending: [], stuck: [] },
  cordoned: false,
  lease: '',
  doubts: [],
  revertTook: 20,
  revertBound: 25,
  intruder: undefined,
  intruderHeld: false,
};
const confirmed: Evidence = {
  ...reverted,
  run: said(0, 'confirmed'),
  filesAfterRun: 'new',
  files: 'new',
  serving: 'new',
  revertTook: undefined,
};

describe('green', () => {
  it.each<[string, Evidence]>([
    ['put back and said so', reverted],
    ['changed and said so', confirmed],
    [
      'killed, and resumed as put back',
      { ...reverted, run: undefined, filesAfterRun: undefined, resume: said(4, 'reverted') },
    ],
    ['killed before anything began', { ...reverted, run: undefined, filesAfterRun: undefined, unbegun: true }],
    [
      'unknown at first, and resumed as changed',
      { ...confirmed, run: said(5, 'unknown'), resume: said(0, 'confirmed') },
    ],
    ['refused before any host had an outcome', { ...reverted, cell: cellOf('api-gone'), run: said(1, undefined) }],
  ])('%s', (_what, evidence) => {
    expect(problemsOf(evidence)).toEqual([]);
  });
});

describe('red', () => {
  it.each<[string, Partial<Evidence>, RegExp]>([
    ['the step was never reached', { reached: false }, /never came/],
    ['exit 0 on a revert', { run: said(0, 'reverted') }, /exited 0/],
    [
      'put back, it said, and the new files are there',
      { filesAfterRun: 'new', files: 'new', serving: 'new' },
      /said reverted/,
    ],
    ['changed, it said, and the old files are there', { run: said(0, 'confirmed') }, /said confirmed/],
    [
      'nothing said of a host whose files are new',
      { run: said(1, undefined), filesAfterRun: 'new' },
      /nothing of the host/,
    ],
    ['no word of the host', { run: said(1, undefined) }, /without a word/],
    ['unknown to the last', { run: said(5, 'unknown') }, /last word is unknown/],
    ['killed, and nobody asked', { run: undefined }, /nobody said/],
    ['did not end', { run: said(124, undefined) }, /did not end/],
    ['files of both kinds', { files: 'mixed: not old in /a' }, /files are mixed/],
    ['a kubelet that does not serve as its files say', { serving: 'new' }, /the kubelet: new/],
    ['a dead kubelet', { serving: 'Error: w: Ready is False' }, /Ready is False/],
    ['a staged file', { leftovers: { ...reverted.leftovers, staged: ['/etc/.kubelatch-1.tmp'] } }, /left staged/],
    ['a unit', { leftovers: { ...reverted.leftovers, units: ['kubelatch-switch.timer'] } }, /left armed/],
    ['a transaction', { leftovers: { ...reverted.leftovers, pending: ['1 armed'] } }, /left locked/],
    ['a node given up', { leftovers: { ...reverted.leftovers, stuck: ['1'] } }, /given up/],
    ['a cordon', { cordoned: true }, /left cordoned without a word/],
    ['a late revert', { revertTook: 25.1 }, /after 25\.1 s, not within 25 s/],
    ['a node that did not save itself', { doubts: ['the node did not end its change by itself'] }, /by itself/],
    ['the cluster locked', { lease: 'ann@desk r1/ab' }, /left locked: the cluster, by ann/],
    ['a node refused for its clock', { cell: cellOf('clock-ahead') }, /ends as confirmed, not as reverted/],
    ['a kubelet that hangs, given up', { cell: cellOf('hangs-on-stop') }, /ends as confirmed/],
    ['unchanged, it said, and the old files are there', { run: said(0, 'unchanged') }, /said unchanged/],
    [
      'no word of a host that was begun, without the API server',
      { cell: { ...cellOf('api-gone'), step: 'arm' }, run: said(1, undefined) },
      /without a word/,
    ],
    [
      'confirmed without the API server',
      { ...confirmed, cell: { ...cellOf('api-gone'), step: 'gate' } },
      /without the API/,
    ],
    ['begun beside another operator', { cell: cellOf('lock-held'), intruderHeld: true }, /ends as refused/],
    [
      'another operator who was not told',
      { cell: cellOf('lock-held'), intruder: said(3, 'unreachable') },
      /not refused/,
    ],
    ['unreachable, and nothing cut the way', { cell: cellOf('disk-full'), run: said(3, 'unreachable') }, /unreachable/],
    [
      'two operators at once',
      { cell: cellOf('lock-held'), intruder: said(0, 'confirmed') },
      /other operator was not refused: confirmed/,
    ],
  ])('%s', (_what, change, words) => {
    expect(problemsOf({ ...reverted, ...change }).join('\n')).toMatch(words);
  });
});
