/** stderr of the built program on a terminal of its own: TERM=dumb, NO_COLOR, -v and narrow screens. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { closedPort, inventoryOf, main, openPlace, silentPort } from './program.js';

const place = openPlace();
beforeAll(async () => {
  place.file('inventory.yaml', inventoryOf(await closedPort()));
});

/** What the terminal was sent. */
function onTerminal(args: string, env: Readonly<Record<string, string>> = {}, columns = 80): string {
  const command = `stty cols ${columns} rows 24; '${process.execPath}' '${main}' ${args}`;
  const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
    cwd: place.folder,
    env: { PATH: process.env['PATH'], HOME: join(place.folder, 'home'), LANG: 'C.UTF-8', TERM: 'xterm', ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return stdout.replaceAll('\r\n', '\n');
}
const color = /\u001b\[(?:[1-9]|3\d)m/;

describe('an audit on a terminal', () => {
  it('has one moving line and colour', async () => {
    // A host that is waited for: a line is not drawn for what ends at once.
    const silent = await silentPort();
    place.file('silent.yaml', inventoryOf(silent.port));
    const shown = onTerminal('audit -i silent.yaml --timeout 3s');
    await silent.close();
    expect(shown).toContain('\u001b[?25l');
    expect(shown).toMatch(color);
  });

  it('TERM=dumb: plain lines with times; nothing moves, and nothing has a colour', () => {
    const shown = onTerminal('audit', { TERM: 'dumb' });
    expect(shown).not.toContain('\u001b');
    expect(shown).not.toContain('\r');
    expect(shown).toMatch(/^\S+Z Reading: 1$/m);
  });

  it.each([
    ['audit', { NO_COLOR: '1' }],
    ['audit --color never', { FORCE_COLOR: '1' }],
  ])('%s with %j has no colour, on stdout and stderr', (args, env) => {
    expect(onTerminal(args, env)).not.toMatch(color);
  });

  it('-v names each host that is connected to, with the time', () => {
    expect(stripVTControlCharacters(onTerminal('audit -v'))).toMatch(/\d\d:\d\d:\d\d n1: connecting/);
    expect(stripVTControlCharacters(onTerminal('audit'))).not.toMatch(/\d\d:\d\d:\d\d n1: connecting/);
  });

  it.each(['audit', 'inventory check', 'verify', 'explain anonymous-auth', 'audit -i nowhere.yaml', 'audti', 'rules'])(
    '%s fits 40 columns; only a command may be longer',
    (args) => {
      const shown = stripVTControlCharacters(onTerminal(args, { NO_COLOR: '1' }, 40)).split(/\n|\r/);
      expect(shown.join('')).toMatch(/\w/);
      expect(shown.filter((line) => line.length > 40 && !/^ *kubelatch /.test(line))).toEqual([]);
    },
  );
});
