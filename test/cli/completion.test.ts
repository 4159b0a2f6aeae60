import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { complete } from '../../src/cli/complete.js';
import { main, openPlace } from './program.js';

const place = openPlace();
const inventory = place.file(
  'inventory.yaml',
  `cluster: { name: prod, kubeconfig: /nonexistent }
groups:
  masters: { role: control-plane, hosts: { cp1: { address: 192.0.2.1 } } }
  edge.eu: { role: worker, hosts: { 'n[1:3]': {} } }
`,
);
const state = join(place.folder, 'state');
const runs = ['20261123T050100Z-3fa4c1', '20261124T050100Z-3fa4c2'];
mkdirSync(join(state, 'kubelatch', 'runs'), { recursive: true });
for (const run of runs) writeFileSync(join(state, 'kubelatch', 'runs', `${run}.ndjson`), '');
const env = { KUBELATCH_INVENTORY: inventory, XDG_STATE_HOME: state };
const values = async (words: readonly string[]): Promise<string[]> =>
  (await complete(words, env)).map(({ value }) => value);

it.each([
  [['au'], ['audit']],
  [['runs', 's'], ['show']],
  [
    ['runs', ''],
    ['list', 'show', 'backups'],
  ],
  [
    ['audit', '--by', ''],
    ['rule', 'host'],
  ],
  [
    ['audit', '--ou'],
    ['--output', '--output-file'],
  ],
  [
    ['plan', '-l', 'n'],
    ['n1', 'n2', 'n3'],
  ],
  [['plan', '-l', 'n1,!c'], ['n1,!cp1']],
  [['plan', '-i', inventory, '--exclude', 'edge'], ['edge.eu']],
  [
    ['plan', '-l', 'role:'],
    ['role:control-plane', 'role:worker'],
  ],
  [['explain', 'anonymous-a'], ['anonymous-auth']],
  [
    ['apply', '-p', 'cis-'],
    ['cis-1.11', 'cis-1.12'],
  ],
  [['rollback', ''], [...runs].reverse()],
  [['runs', 'show', '20261123'], runs.slice(0, 1)],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  // Files are the shell's.
  [['plan', '-i', ''], []],
  [['plan', '-l', 'n', '-i', '/nonexistent', '-l', 'n'], []],
])('%j', async (words, expected) => {
  expect(await values(words)).toEqual(expected);
});

it('has every verb, and no hidden one', async () => {
  const all = await values(['']);
  expect(all).toEqual(expect.arrayContaining(['audit', 'rollback', 'completion', 'version', 'help']));
  expect(all).not.toContain('guided');
});

it('bash completes a pattern with a colon, and a word in the middle of the line', () => {
  const folder = join(place.folder, 'bin');
  mkdirSync(folder);
  writeFileSync(join(folder, 'kubelatch'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
  chmodSync(join(folder, 'kubelatch'), 0o755);
  const script = `compopt() { :; }
    source <(kubelatch completion bash)
    try() { COMP_LINE=$1 COMP_POINT=$2 COMPREPLY=(); _kubelatch; echo "\${COMPREPLY[*]}"; }
    try 'kubelatch audit -l role:w' 25; try 'kubelatch aud -l n1' 13`;
  const path = `${folder}:${process.env['PATH'] ?? ''}`;
  const shown = execFileSync('bash', ['-c', script], { encoding: 'utf8', env: { ...env, PATH: path, HOME: folder } });
  expect(shown).toBe('worker\naudit\n');
});
