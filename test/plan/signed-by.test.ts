import { expect, it } from 'vitest';
import { digestOf, isDigest } from '../../src/lib/digest.js';
import { peopleOf } from '../../src/plan/signed-by.js';

it.each<[string, { key: string; names: string[] }[], string[]]>([
  ['nobody', [], []],
  ['one', [{ key: 'a', names: ['alice'] }], ['alice']],
  [
    'two',
    [
      { key: 'a', names: ['alice'] },
      { key: 'b', names: ['bob'] },
    ],
    ['alice', 'bob'],
  ],
  [
    'one who signs twice',
    [
      { key: 'a', names: ['alice'] },
      { key: 'a', names: ['alice'] },
    ],
    ['alice'],
  ],
  [
    'one with two keys',
    [
      { key: 'a', names: ['alice'] },
      { key: 'b', names: ['alice'] },
    ],
    ['alice'],
  ],
  [
    'one with two names',
    [
      { key: 'a', names: ['alice', 'al'] },
      { key: 'a', names: ['al'] },
    ],
    ['alice'],
  ],
  [
    'one whom the third signature shows to be one',
    [
      { key: 'a', names: ['alice'] },
      { key: 'b', names: ['al'] },
      { key: 'c', names: ['al', 'alice'] },
    ],
    ['alice'],
  ],
])('counts people: %s', (_, signatures, people) => {
  expect(peopleOf(signatures)).toEqual(people);
});

it('writes digests that it knows', () => {
  const digest = digestOf(Buffer.from('abc'));
  expect(digest).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(isDigest(digest)).toBe(true);
  for (const bad of [
    '',
    digest.slice(0, -1),
    `${digest}0`,
    digest.toUpperCase(),
    digest.slice(7),
    `md5:${'0'.repeat(32)}`,
  ])
    expect(isDigest(bad)).toBe(false);
});
