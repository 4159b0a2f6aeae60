import { expect, test } from 'vitest';
import { createStyle, wantsColor } from '../../src/terminal/style.js';

test.each([
  ['always', { NO_COLOR: '1' }, false, true],
  ['never', { FORCE_COLOR: '1' }, true, false],
  ['auto', { NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
  ['auto', { NO_COLOR: '' }, true, true],
  ['auto', { FORCE_COLOR: '1' }, false, true],
  ['auto', { FORCE_COLOR: '0' }, true, false],
  ['auto', { TERM: 'dumb' }, true, false],
  ['auto', { TERM: 'xterm' }, true, true],
  ['auto', {}, false, false],
] as const)('--color %s with %j on a terminal: %s -> %s', (flag, env, isTty, color) => {
  expect(wantsColor({ flag, env, isTty })).toBe(color);
});

test('styles nest, and without colour nothing is added', () => {
  const { bold, red } = createStyle(true);
  expect(bold(`a ${red('b')} c`)).toBe('\u001b[1ma \u001b[31mb\u001b[39m c\u001b[22m');
  expect(createStyle(false).bold('a')).toBe('a');
});
