/** Commands of README.md and docs/ that need no host are run as they stand there, and end well. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { formatted } from '../../src/report/formats.js';
import { asShard } from '../../src/report/merge-shards.js';
import type { Result } from '../../src/report/model.js';
import { plainStyle } from '../../src/report/style.js';
import { blocksOf, pages } from '../docs/markdown.js';
import { commandsOf } from '../docs/shell-commands.js';
import { auditResult, finding, hostAudit, planResult } from '../report/samples.js';
import { project } from '../source-file.js';
import { openPlace } from './program.js';

const run = '20261123T050100Z-3fa4c1';
const place = openPlace();
const textOf = (page: string): string => readFileSync(join(project, page), 'utf8');

// What a reader has at that point: the inventory of the page, results with the names that pages give them, and one run.
const readme = blocksOf(textOf('README.md')).find(
  ({ language, text }) => language === 'yaml' && text.includes('groups:'),
);
place.file('inventory.yaml', readme?.text ?? '');
const json = (result: Result): string =>
  formatted('json', result, { text: { width: 80, style: plainStyle }, time: '2026-11-23T05:01:04Z' });
const audit = json(auditResult([hostAudit('n1', { findings: [finding()] })]));
for (const name of ['audit', 'a', 'b', 'monday', 'tuesday']) place.file(`${name}.json`, audit);
const hosts = ['n1', 'n2', 'n3'];
for (const [at, name] of hosts.entries()) {
  const whole = auditResult([hostAudit(name, { findings: [finding()] })]);
  place.file(`shard${at + 1}.json`, json(asShard(whole, { index: at + 1, count: 3, hosts, unnamedOthers: 0 })));
}
place.file('plan.json', json(planResult([])));
const folder = join(place.folder, 'home', '.local', 'state', 'kubelatch', 'runs', run);
mkdirSync(folder, { recursive: true });
writeFileSync(
  join(folder, 'journal.ndjson'),
  [
    { entry: 'run', kind: 'apply', cluster: 'prod-eu', inventory: 'i', hosts: ['node01'], operator: 'me@here' },
    { entry: 'host', host: 'node01', outcome: 'confirmed' },
    { entry: 'end' },
  ]
    .map((entry, at) => `${JSON.stringify({ time: `2026-11-23T05:01:0${at}.000Z`, ...entry })}\n`)
    .join(''),
);

/** By its first words, a verb that connects to nothing. */
const local = /^(version|rules|explain|completion|node-helper|report|runs|runs list|runs show|inventory)( |$)/;
/** Verbs below those that do: `inventory check` and any other, and `runs backups`. */
const remote = /^(runs backups|inventory [a-z]+)( |$)/;

const commands = new Set(
  pages
    .flatMap((page) => commandsOf(textOf(page)))
    .filter(({ words: [program] }) => program === 'kubelatch')
    .map(({ words: [, ...args] }) => args.map((word) => (word === 'RUN' ? run : word)).join(' '))
    .filter((words) => local.test(words) && !remote.test(words)),
);

it('there are some of each verb', () => {
  const verbs = new Set([...commands].map((words) => words.split(' ')[0]));
  expect([...verbs].sort()).toEqual(
    ['completion', 'explain', 'inventory', 'node-helper', 'report', 'rules', 'runs', 'version'].sort(),
  );
});

it.each([...commands].sort())('kubelatch %s', async (words) => {
  const { code, stdout, stderr } = await place.kubelatch(words.split(' '));
  expect({ code, stderr: stderr.replace(/^kubelatch: .*(taken from|older).*\n/gm, '') }).toEqual({
    code: 0,
    stderr: '',
  });
  if (!words.includes('--output-file')) expect(stdout).not.toBe('');
});

it.each(['kubeadm', 'k3s', 'rke2', 'systemd'])('the inventory of examples/%s is taken', async (name) => {
  const { code, stdout } = await place.kubelatch(['inventory'], { cwd: join(project, 'examples', name) });
  expect(code).toBe(0);
  expect(stdout).toContain('NAME');
});
