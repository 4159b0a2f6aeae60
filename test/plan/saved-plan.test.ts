import { expect, it } from 'vitest';
import { type SavedPlan, readStoredPlan, readSavedPlan, writeSavedPlan } from '../../src/plan/saved-plan.js';
import { plan } from '../change/fake-node.js';

const saved: SavedPlan = {
  kind: 'kubelatch-plan',
  schemaVersion: 1,
  cluster: 'prod',
  madeAt: '2026-01-01T00:00:00Z',
  playbooks: ['baseline'],
  hosts: [plan({ overwrittenBy: ['ü'] })],
};

it('comes back as it was', () => {
  expect(readSavedPlan('p', writeSavedPlan(saved))).toEqual(JSON.parse(JSON.stringify(saved)));
});

it.each([true, false, undefined])('keeps whether the kubelet is a child of its unit: %s', (child) => {
  const { watch } = plan();
  const hosts = [plan({ watch: { ...watch, logPath: '/var/log/k.log', ...(child === undefined ? {} : { child }) } })];
  const [host] = readSavedPlan('p', writeSavedPlan({ ...saved, hosts })).hosts;
  expect(host?.watch.child).toBe(child);
  expect(host?.watch).toEqual(hosts[0]?.watch);
  expect(readStoredPlan(JSON.parse(JSON.stringify(hosts[0])))?.watch.child).toBe(child);
});

it('keeps what was left out, and takes plans that know of no such thing', () => {
  const skippedRules = [{ rule: 'r', reason: 'why', hint: 'what' }];
  const read = (host: object): unknown =>
    readSavedPlan('p', writeSavedPlan({ ...saved, hosts: [host as never] })).hosts[0]?.skippedRules;
  expect(read(plan({ skippedRules }))).toEqual(skippedRules);
  expect(read(plan())).toBeUndefined();
});

it('reads what older versions wrote under other names, in files and on nodes', () => {
  const skippedRules = [{ rule: 'r', reason: 'why', hint: 'what' }];
  const old = { ...plan(), overwrittenBy: undefined, undoneBy: ['a unit'], leftOut: skippedRules };
  const text = JSON.stringify({ ...saved, hosts: [old] });
  const wanted = { overwrittenBy: ['a unit'], skippedRules };
  expect(readSavedPlan('p', text).hosts[0]).toMatchObject(wanted);
  expect(readStoredPlan(JSON.parse(JSON.stringify(old)))).toMatchObject(wanted);
});

it('keeps where the kubelet listens, and takes plans that know of less', () => {
  const { ports } = plan();
  const before = { ...ports, address: '0.0.0.0' };
  const own = { ...ports, address: '10.0.0.5', readOnlyPorts: [10255, 10300], before };
  const read = (given: unknown): unknown => readStoredPlan({ ...plan(), ports: given })?.ports;
  expect(read(own)).toEqual(own);
  expect(read(ports)).toEqual(ports);
  expect(read({ ...ports, ofTomorrow: 1 })).toEqual(ports);
  for (const bad of [{ address: 7 }, { readOnlyPorts: [70_000] }, { readOnlyPorts: Array(9).fill(1) }, { before: {} }])
    expect(read({ ...ports, ...bad })).toBeUndefined();
});

const [edit] = plan().edits;
const changed = (over: object): SavedPlan => ({ ...saved, hosts: [plan({ edits: [{ ...edit, ...over } as never] })] });
const state = edit?.after;

it.each<[string, unknown]>([
  ['another kind', { ...saved, kind: 'Playbook' }],
  ['a later version', { ...saved, schemaVersion: 2 }],
  ['no hosts', { ...saved, hosts: undefined }],
  ['a list', []],
  ['null', null],
  ['a relative path', changed({ path: 'etc/x' })],
  ['a path with a line end', changed({ path: '/etc/x\ny' })],
  ['a path with a NUL', changed({ path: '/etc/\0x' })],
  ['a hash with a blank', changed({ before: { ...state, sha256: 'a b' } })],
  ['a mode in words', changed({ after: { ...state, mode: 'u+s' } })],
  ['a negative owner', changed({ after: { ...state, uid: -1 } })],
  ['half an owner', changed({ after: { ...state, gid: 0.5 } })],
  ['an unknown action', changed({ action: 'delete' })],
  ['an edit without a text', changed({ text: undefined })],
  ['an edit of nothing', changed({ before: null })],
  ['a created file that is there', changed({ action: 'create' })],
  ['a mode with a text', changed({ action: 'mode' })],
  ['a unit that is a flag', { ...saved, hosts: [plan({ unit: '--now' })] }],
  ['a port beyond all', { ...saved, hosts: [plan({ ports: { ...plan().ports, kubelet: 70_000 } })] }],
  ['a child in words', { ...saved, hosts: [plan({ watch: { ...plan().watch, child: 'yes' as never } })] }],
  ['a rule left out without a word', { ...saved, hosts: [plan({ skippedRules: [{ rule: 'r' } as never] })] }],
  ['a host twice', { ...saved, hosts: [plan(), plan()] }],
])('is refused with %s, with its name and what to do', (_, value) => {
  const read = (): unknown => readSavedPlan('my.plan', JSON.stringify(value));
  expect(read).toThrow(expect.objectContaining({ code: 'usage', hint: expect.stringContaining('--out') as string }));
  expect(read).toThrow(/^my\.plan\b/);
  // Nothing of the schema's own words.
  expect(read).not.toThrow(/expected|pattern|undefined|Invalid/);
});

const text = writeSavedPlan(saved);
it.each([
  ['', /^p: not a saved plan: the file is empty$/],
  ['just words', /^p: not a saved plan: it looks like a text$/],
  ['hosts: []', /^p: not a saved plan: it looks like a YAML file$/],
  ['cluster: {name: c}\ngroups: {}\n', /^p: not a saved plan: it looks like an inventory$/],
  ['apiVersion: kubelatch.dev/v1\nkind: Playbook\n', /^p: not a saved plan: it looks like a playbook$/],
  ['{"tool":"kubelatch","kind":"audit"}', /^p: not a saved plan: it looks like the result of audit -o json$/],
  ['{"tool":"kubelatch","kind":"plan"}', /the result of plan -o json, which has less than apply needs$/],
  ['{"tool":"kubelatch","kind":"\\u001b[2J"}', /^p: not a saved plan: it looks like another JSON file$/],
  ['{"name":"x"}', /^p: not a saved plan: it looks like another JSON file$/],
  ['[1]', /^p: not a saved plan: it looks like another JSON file$/],
  ['{"kind":', /^p:1: the file ends in the middle, so the plan is not complete$/],
  [text.slice(0, text.length / 2), /^p:\d+: the file ends in the middle, so the plan is not complete$/],
  ['{\n"kind": kubelatch"\n}\n', /^p(:\d)?: not a saved plan: its JSON is not valid$/],
  [text.replace('"restart": true', '"restart": "yes"'), /^p:\d+: hosts\[0\]\.restart: must be true or false, not /],
])('says what %j is', (content, said) => {
  expect(() => readSavedPlan('p', content)).toThrow(said);
});
