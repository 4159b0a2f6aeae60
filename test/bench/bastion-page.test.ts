/** The section about bastions, and how it stays in a page that another run writes. */
import { expect, it } from 'vitest';
import { bastionSection, bastionSectionOf, withBastionSection } from './bastion-page.js';
import type { BastionFigures } from './bastion-page.js';

const run = {
  what: 'one',
  parallel: 32,
  hops: 1,
  hosts: 500,
  lost: 0,
  wall: 12.34,
  bastionLogins: 1,
  retries: 7,
} as const;
const figures: BastionFigures = {
  ...{ command: 'npm run bench -- --bastion 500', date: '2026-01-02', version: '0.1.0', openssh: 'OpenSSH_9.2p1' },
  runs: [run, { ...run, what: 'two', hops: 2, wall: 5 }],
};
const lines = (changed: Partial<BastionFigures> = {}): string[] =>
  bastionSection({ ...figures, ...changed }).split('\n');

it('says what was lost, and gives a row to each run', () => {
  expect(lines()).toContain('- **Lost**: none of 1,000 hosts have no judgement');
  expect(lines()).toContain('| one     | 500   | 32      | 0    | 12.3   | 1                     | 7           |');
});

it('does not hide a lost host', () => {
  expect(lines({ runs: [run, { ...run, lost: 3 }] })).toContain('- **Lost**: **3** of 1,000 hosts have no judgement');
});

it.each([
  ['OpenSSH_9.2p1', true],
  ['OpenSSH_9.8p1', false],
  ['OpenSSH_10.0p2', false],
])('of %s says whether penalties were a part of it', (openssh, isSaid) => {
  expect(lines({ openssh }).some((line) => line.includes('PerSourcePenalties'))).toBe(isSaid);
});

const page = '# Performance\n\n## Start\n\ntext\n\n## How it is measured\n\nmore\n';

it('goes in before the method, takes the place of an older one, and survives a new page', () => {
  const section = bastionSection(figures);
  const first = withBastionSection(page, section);
  expect(first).toContain('text\n\n## Behind a bastion\n');
  expect(first).toContain('broken bastion took along.\n\n## How it is measured\n\nmore\n');
  const second = withBastionSection(first, bastionSection({ ...figures, date: '2027-01-02' }));
  expect(second).toBe(first.replace('2026-01-02', '2027-01-02'));
  expect(withBastionSection(page, bastionSectionOf(second))).toBe(second);
  expect(withBastionSection(page, bastionSectionOf(page))).toBe(page);
});
