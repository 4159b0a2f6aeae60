import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { fileErrorOf, messageOf } from '../../src/lib/errors.js';

const thrownBy = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('it did not throw');
};

test('errors of the system are told in words, without their own names', async () => {
  const missing = thrownBy(() => readFileSync('/nonexistent/file'));
  expect(messageOf(missing)).toBe('no such file or folder (/nonexistent/file)');
  expect(fileErrorOf(missing)).toBe('no such file or folder');
  expect(messageOf(thrownBy(() => readFileSync('/')))).toBe('it is a folder');
  const [refused] = (await once(connect(1, '127.0.0.1'), 'error').catch((error: unknown) => [error])) as [unknown];
  expect(messageOf(refused)).toBe('the connection was refused');
  const [noProgram] = (await once(spawn('/nonexistent/program'), 'error')) as [unknown];
  expect(messageOf(noProgram)).toBe('no such file or folder (/nonexistent/program)');
});

test('other errors and values keep their text', () => {
  expect(messageOf(new Error('ENOENT is only a word here'))).toBe('ENOENT is only a word here');
  for (const value of ['text', 3, null, undefined]) expect(messageOf(value)).toBe(String(value));
});
