/** Services made up at random from a seed: flags as people write them, and pieces that systemd gives a meaning to. */
import fc from 'fast-check';
import { environmentText, execStartText } from '../../edit/flag-text.js';
import { type ServiceText, runs, service } from './service-text.js';

const soup = (pieces: readonly string[], most: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...pieces), { maxLength: most }).map((list) => list.join(''));

const blanks = [' ', ' ', '  ', '\t'];
const words = [
  ...[
    '--a=b',
    'x',
    '$A',
    '${A}',
    '$B',
    '${B}',
    'x${A}y',
    '$$',
    '"$A"',
    '$NONE',
    '${NONE}',
    '$A-b',
    '%%',
    '%n',
    '%i',
    '5%',
  ],
  ...['"a b"', "'c d'", '"', "'", '\\"', '\\\\', '\\x41', '\\t', '\\q', ';', '\\;', '#', '=', ',', 'ü', '{', '}', '$'],
];
const gaps = [...blanks, ...blanks, ' \\\n', ' \\\n  ', ' \\\n# note\n', ' \\\n ; note \\\n\t', '\\\n'];
const environment = [
  ...['A=1', 'B=2', '"A=a b"', "'B=c d'", 'A=', 'A=%n', '"B=%% x"', 'C=3', 'junk', 'A="x y"', '"A=\'p q\' r"'],
  ...['A=\\x41', '"A=a\\tb"', 'B=\\q', '"', 'A-B=1', 'A=$B', 'B=${A}'],
];
const fileLines = [
  ...['A=', 'B=', ' A = ', 'C=', '# ', '; ', '#', 'export A='],
  ...[
    '1',
    'x y',
    '"a b"',
    "'c d'",
    '"a',
    "'",
    '"',
    '\\',
    '\\\\',
    '\\"',
    '$A',
    '${B}',
    '%n',
    '#',
    ' ',
    '\t',
    '\\\n',
    'ü',
  ],
  ...['\n', '\n', '\n', '\r\n', '\n\n'],
];

const execStart = fc
  .array(fc.tuple(fc.constantFrom(...words), fc.constantFrom(...gaps)), { maxLength: 8 })
  .map((list) => list.map((pair) => pair.join('')).join(''));
const environmentLine = fc
  .array(fc.tuple(fc.constantFrom(...environment), fc.constantFrom(...blanks)), { maxLength: 4 })
  .map((list) => `Environment=${list.map((pair) => pair.join('')).join('')}`);
const directive = fc.oneof(
  { weight: 6, arbitrary: environmentLine },
  {
    weight: 1,
    arbitrary: fc.constantFrom('Environment=', 'UnsetEnvironment=A', 'UnsetEnvironment=B=2', 'PassEnvironment=B'),
  },
  { weight: 1, arbitrary: fc.constantFrom('# note \\', '; note', '', '[X-Other]', '[Service]', 'EnvironmentFile=') },
);
const lines = fc.array(directive, { maxLength: 4 });

const kubeletFile = environmentText.map(({ text }): Omit<ServiceText, 'name'> => ({
  unit: runs('$KUBELET_EXTRA_ARGS end', 'EnvironmentFile=~d~/env'),
  files: { env: text },
}));
const kubeletUnit = execStartText.map(({ text }): Omit<ServiceText, 'name'> => ({
  unit: text.replace('/usr/bin/kubelet', '~x~').replace('Restart=always', 'Restart=no'),
}));
const anyFile = soup(fileLines, 24).map((text): Omit<ServiceText, 'name'> => ({
  unit: runs('a $A "${A}" b $B "${B}" c $C "${C}"', 'EnvironmentFile=~d~/env'),
  files: { env: text },
}));
const anyUnit = fc.tuple(lines, execStart).map(([before, exec]): Omit<ServiceText, 'name'> => ({
  unit: service(...before, '[Service]', `ExecStart=~x~ ${exec}`),
}));
const anyDropIns = fc
  .tuple(lines, lines, execStart, fc.boolean(), soup(fileLines, 12))
  .map(([first, second, exec, resets, text]): Omit<ServiceText, 'name'> => ({
    unit: runs('$A ${A} $B ${B} end', 'EnvironmentFile=-~d~/env', ...first, '[Service]'),
    dropIns: {
      '10-a.conf': service(...second),
      '20-b.conf': service(...(resets ? ['ExecStart=', `ExecStart=~x~ ${exec}`] : [])),
    },
    files: { env: text },
  }));

/** `count` of each kind. */
export function randomServices(seed: number, count: number): ServiceText[] {
  const kinds = { kubeletFile, kubeletUnit, anyFile, anyUnit, anyDropIns };
  return Object.entries(kinds).flatMap(([kind, arbitrary]) =>
    fc
      .sample(arbitrary, { seed, numRuns: count })
      .map((text, index) => ({ name: `${kind} ${seed}/${index}`, ...text })),
  );
}
