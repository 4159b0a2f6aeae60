/** Redacting takes little time, whatever a megabyte of text holds. */
import { expect, test } from 'vitest';
import { redact } from '../../src/lib/redact.js';

const hostile: readonly string[] = [
  ...['a', ' ', '-', '--', 'token', 'token ', 'token: ', 'token="', "token='", '--token', '--a-', '://', 'a://b:', '@'],
  ...['eyJ', 'eyJ-', 'eyJaaaaaaaa.', 'K10', 'K100', 'basic ', 'authorization ', '-----BEGIN PRIVATE KEY-----', '$6$'],
  ...[
    '-----BEGIN ',
    '-----BEGIN A',
    'ghp_',
    'glpat-',
    'xoxb-',
    'SG.a',
    'sk-',
    'a_',
    'pass',
    '_auth',
    '\n',
    '\n  ',
    '\n a',
  ],
  ...[
    'abcdef.',
    'abcdef.a',
    'secret-',
    'key_',
    'AIza',
    '?sig',
    '"',
    "'",
    'Aa0/',
    'PRIVATE KEY',
    '\u0000',
    '\ud83d\ude00',
  ],
];

test.each(hostile)('a megabyte of %j costs well under a second of computing', (filling) => {
  const text = filling.repeat(Math.ceil(1_000_000 / filling.length));
  for (const one of [text, `token${text}`]) {
    const before = process.cpuUsage();
    redact(one);
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(800);
  }
});
