/** A run whose result cannot be put where it was wanted: what became of the nodes is told all the same. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { finishRun } from '../../src/cli/finish-run.js';
import type { CliContext } from '../../src/cli/context.js';
import { createStyle } from '../../src/terminal/style.js';
import { outcome, runResult } from '../report/samples.js';

let told: string;
beforeEach(() => {
  told = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    told += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

it.each([
  ['confirmed', 1],
  ['reverted', 4],
  ['unknown', 5],
] as const)('%s is exit %i, with the result on the screen', async (kind, code) => {
  const text = { width: 80, style: createStyle(false) };
  const world = {
    flags: { output: 'json', outputFile: '/no/such/folder/result.json' },
    shutdown: { immediate: new AbortController().signal, exitCode: () => undefined },
    text,
    errText: text,
  } as unknown as CliContext;
  expect(await finishRun(world, runResult([outcome('n1', kind)]))).toBe(code);
  expect(told).toContain(kind);
  expect(told).toMatch(/^kubelatch: --output-file \/no\/such\/folder\/result\.json: no such file or folder/m);
});
