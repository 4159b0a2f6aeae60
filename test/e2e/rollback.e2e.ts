/** rollback returns every byte of a run that succeeded, from any machine, and never clobbers what somebody edited since. */
import { beforeAll, expect, it } from 'vitest';
import type { FileState } from '../lab/lab.js';
import { configYaml, expectClosed, expectOpen } from './planted.js';
import { type RunResult, expectClear, hostOf, outcomes } from './results.js';
import { kubeletFiles, openScene, plantAll, processOf, readOn, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
const nodes = ['n1', 'n2', 'n3'];
const inventory = scene.inventory(nodes);
const planted: Record<string, Readonly<Record<string, FileState>>> = {};
let run: string;

beforeAll(async () => {
  await plantAll(lab, nodes);
  for (const node of nodes) planted[node] = await kubeletFiles(lab, node);
  const applied = await scene.result<RunResult>(0, ['apply', '-i', inventory, ...swift]);
  expect(outcomes(applied)).toEqual({ n1: 'confirmed', n2: 'confirmed', n3: 'confirmed' });
  run = applied.run.id;
});

it('refuses without a terminal and without --yes', async () => {
  const ran = await scene.kubelatch(['rollback', '-i', inventory]);
  expect(ran.code).toBe(64);
  expect(ran.stderr).toContain('--yes');
});

it('--limit takes back one host and leaves the others', async () => {
  const others = await Promise.all(['n2', 'n3'].map((node) => processOf(lab, node)));
  const back = await scene.result<RunResult>(0, ['rollback', run, '-i', inventory, '--limit', 'n1', ...swift]);
  expect(outcomes(back)).toEqual({ n1: 'confirmed' });
  expect(await kubeletFiles(lab, 'n1')).toEqual(planted['n1']);
  await expectOpen(lab, 'n1');
  expect(await Promise.all(['n2', 'n3'].map((node) => processOf(lab, node)))).toEqual(others);
  await expectClosed(lab, 'n2');
});

it('without the journal, takes back all it can, and stops at a hand edit with nothing lost', async () => {
  await lab.on('n2', `printf '%s\\n' '# by hand' >>${configYaml}`);
  const edited = await kubeletFiles(lab, 'n2');
  const process = await processOf(lab, 'n2');
  const back = await scene.result<RunResult>(1, ['rollback', '-i', inventory, ...swift], {
    env: { XDG_STATE_HOME: `${scene.folder}/another-machine` },
  });
  expect(outcomes(back)).toEqual({ n1: 'unchanged', n2: 'refused', n3: 'confirmed' });
  const { reason, hint } = hostOf(back, 'n2');
  expectClear({ reason, hint });
  expect(reason).toContain(configYaml);
  expect(reason).toContain('edited');
  expect(await kubeletFiles(lab, 'n2')).toEqual(edited);
  expect(await processOf(lab, 'n2')).toBe(process);
  await expectClosed(lab, 'n2');
  expect(await kubeletFiles(lab, 'n3')).toEqual(planted['n3']);
  await expectOpen(lab, 'n3');
});

it('takes the host back once the hand edit is settled', async () => {
  const text = await readOn(lab, 'n2', configYaml);
  await lab.on('n2', `cat >${configYaml} <<'T'\n${text.replace('# by hand\n', '')}T`);
  const back = await scene.result<RunResult>(0, ['rollback', run, '-i', inventory, ...swift]);
  expect(outcomes(back)).toEqual({ n1: 'unchanged', n2: 'confirmed', n3: 'unchanged' });
  expect(await kubeletFiles(lab, 'n2')).toEqual(planted['n2']);
  await expectOpen(lab, 'n2');
});

it('has nothing more to take back then', async () => {
  const ran = await scene.kubelatch(['rollback', '-i', inventory, '--yes']);
  expect(ran.code).toBe(64);
  expect(ran.stderr).toContain('no backups were found on the nodes that answered');
});
