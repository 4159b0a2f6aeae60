/** The completion scripts in real shells: verbs, flags, hosts, groups, rules and runs, without network. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main, openPlace } from './program.js';

const place = openPlace();
const bin = join(place.folder, 'bin');
const state = join(place.folder, 'state');
const run = '20261123T050100Z-3fa4c1';
mkdirSync(bin);
mkdirSync(join(state, 'kubelatch', 'runs'), { recursive: true });
writeFileSync(join(state, 'kubelatch', 'runs', `${run}.ndjson`), '');
writeFileSync(join(bin, 'kubelatch'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
chmodSync(join(bin, 'kubelatch'), 0o755);
const inventory = place.file(
  'inventory.yaml',
  `cluster: { name: prod, kubeconfig: /nonexistent }
groups:
  masters: { role: control-plane, hosts: { cp1: { address: 192.0.2.1 } } }
  edge.eu: { role: worker, hosts: { 'n[1:3]': {} } }
`,
);
const env = {
  ...{ PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: join(place.folder, 'home'), TERM: 'dumb', LANG: 'C.UTF-8' },
  ...{ KUBELATCH_INVENTORY: inventory, XDG_STATE_HOME: state },
};

/** What is typed, and what must be among the offers. */
const lines: readonly (readonly [typed: string, offers: readonly string[]])[] = [
  ['kubelatch au', ['audit']],
  ['kubelatch runs s', ['show']],
  ['kubelatch audit --ou', ['--output', '--output-file']],
  ['kubelatch audit -l n', ['n1', 'n2', 'n3']],
  ['kubelatch audit -l n1,c', ['n1,cp1']],
  ['kubelatch audit -l edge', ['edge.eu']],
  ['kubelatch audit -l role:', ['role:control-plane', 'role:worker']],
  ['kubelatch explain anonymous-au', ['anonymous-auth']],
  ['kubelatch audit -o j', ['json', 'junit']],
  ['kubelatch rollback 2026', [run]],
];
const has = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0;

/** In a shell, its offers for a line, one each. */
const shells: Readonly<Record<string, (typed: string) => readonly string[]>> = {
  bash(typed) {
    const script = `source <(kubelatch completion bash)
      compopt() { :; }
      COMP_LINE=$1 COMP_POINT=\${#1} COMPREPLY=(); _kubelatch; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const said = execFileSync('bash', ['-c', script, 'bash', typed], { env, encoding: 'utf8' });
    // Bash completes the part of a word after ":" and "=".
    const head = /[^ ]*[:=]/.exec(typed.split(' ').at(-1) ?? '')?.[0] ?? '';
    return said.split('\n').map((one) => head + one);
  },
  /** Without a line editor: what the script hands to zsh's own _describe. */
  zsh(typed) {
    const script = `autoload -Uz compinit && compinit -u -D
      source <(kubelatch completion zsh)
      # What _describe would list.
      _describe() { local one; for one in \${(@P)2}; do print -r -- \${\${one//'\\:'/@@}%%:*}; done }
      _files() { print files; }
      words=("\${(@Q)\${(z)1}}"); [[ $1 == *' ' ]] && words+=('')
      CURRENT=\${#words}; _kubelatch`;
    const said = execFileSync('zsh', ['-f', '-c', script, 'zsh', typed], { env, encoding: 'utf8' });
    return said.split('\n').map((one) => one.replaceAll('@@', ':'));
  },
  fish(typed) {
    const script = `kubelatch completion fish | source; complete -C $argv[1]`;
    const said = execFileSync('fish', ['--no-config', '-c', script, '--', typed], { env, encoding: 'utf8' });
    return said.split('\n').map((one) => one.split('\t')[0] ?? '');
  },
};

describe.each(Object.keys(shells).map((shell) => [shell] as const))('%s', (shell) => {
  it.skipIf(!has(shell)).each(lines)(
    '%s',
    (typed, offers) => {
      expect(shells[shell]?.(typed)).toEqual(expect.arrayContaining([...offers]));
    },
    60_000,
  );

  it.skipIf(!has(shell))(
    'offers nothing that does not begin so',
    () => {
      expect(shells[shell]?.('kubelatch audit -l n').filter((one) => one !== '' && !one.startsWith('n'))).toEqual([]);
    },
    60_000,
  );
});
