/** The linter as it is configured refuses what it is there for, also what it can only tell by types. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { project } from './source-file.js';

const folder = mkdtempSync(join(tmpdir(), 'kubelatch-lint-'));
const found = new Map<string, string[]>();

const planted: readonly (readonly [file: string, text: string, rule: string])[] = [
  ['src/floating.ts', 'const late = async (): Promise<void> => {};\nlate();\n', 'no-floating-promises'],
  ['src/unsafe.ts', "export const port: number = JSON.parse('1');\n", 'no-unsafe-assignment'],
  ['src/any.ts', 'export const port: any = 1;\n', 'no-explicit-any'],
  [
    'src/switch.ts',
    "export function f(x: 'a' | 'b'): void {\n  switch (x) {\n    case 'a':\n  }\n}\n",
    'switch-exhaustiveness-check',
  ],
  ['src/condition.ts', "export const f = (x: string): string => x ?? '';\n", 'no-unnecessary-condition'],
  ['src/template.ts', 'export const f = (x: object): string => `${x}`;\n', 'restrict-template-expressions'],
  [
    'src/import.ts',
    "import { X509Certificate } from 'node:crypto';\nexport type C = X509Certificate;\n",
    'consistent-type-imports',
  ],
  ['src/equal.ts', 'export const f = (x: number | string): boolean => x == 1;\n', 'eqeqeq'],
  ['src/long.ts', `export function f(): void {\n${'  f();\n'.repeat(80)}}\n`, 'max-lines-per-function'],
  ['src/report/html/markup.js', "document.body.innerHTML = '';\n", 'no-restricted-properties'],
  ['src/report/html/unknown.js', 'alert(1);\n', 'no-undef'],
  ['src/report/html/send.js', "fetch('/');\n", 'no-restricted-globals'],
];

beforeAll(() => {
  copyFileSync(join(project, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  const compilerOptions = { strict: true, module: 'nodenext', target: 'es2023', types: ['node'], noEmit: true };
  const typeRoots = [join(project, 'node_modules', '@types')];
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...compilerOptions, typeRoots } }));
  for (const [file, text] of planted) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  const programs = join(project, 'node_modules', '.bin');
  const env = { ...process.env, OXLINT_TSGOLINT_PATH: join(programs, 'tsgolint') };
  const { stdout } = spawnSync(join(programs, 'oxlint'), ['--format=unix', '.'], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  for (const line of stdout.split('\n')) {
    const [, file = '', rule = ''] = /^(src\/[^:]+):.*\(([\w-]+)\)\]$/.exec(line) ?? [];
    found.set(file, [...(found.get(file) ?? []), rule]);
  }
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

it.each(planted)('%s is refused', (file, _text, rule) => {
  expect(found.get(file)).toContain(rule);
});
