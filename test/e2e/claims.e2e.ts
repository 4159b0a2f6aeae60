/** What a node, or a plan, says of a host's Node is a claim: another's Node is neither cordoned nor drained by it, and proves nothing. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { type RunResult, outcomes } from './results.js';
import { kubeletFiles, openScene, plantAll, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
const inventory = scene.inventory(['n1', 'n2', 'cp1']);

const isCordoned = async (node: string): Promise<boolean> => {
  const { body } = await lab.get(`/api/v1/nodes/${node}`);
  return (body as { spec?: { unschedulable?: boolean } }).spec?.unschedulable === true;
};

beforeAll(() => plantAll(lab, ['n1', 'n2', 'cp1']));

it('a plan that names another Node drains nobody, and changes nothing', async () => {
  const file = join(scene.folder, 'plan.json');
  await scene.kubelatch(['plan', '-i', inventory, '--limit', 'n1', '--out', file]);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('"nodeName": "n1"', '"nodeName": "cp1"'));
  expect(readFileSync(file, 'utf8')).not.toBe(text);
  const before = await kubeletFiles(lab, 'n1');
  const result = await scene.result<RunResult>(1, ['apply', file, '-i', inventory, '--drain', ...swift]);
  expect(outcomes(result)).toEqual({ n1: 'refused' });
  expect(result.hosts[0]?.reason).toMatch(
    /the host reports the node name cp1, but that Node does not have the address \S+; that address belongs to Node n1/,
  );
  expect(result.hosts[0]?.hint).toMatch(/set nodeName: cp1 for this host in the inventory/);
  expect(await Promise.all(['cp1', 'n1'].map(isCordoned))).toEqual([false, false]);
  expect(await kubeletFiles(lab, 'n1')).toEqual(before);
});

it('a record of a run that names another Node is refused by rollback before anything is done', async () => {
  await scene.result<RunResult>(0, ['apply', '-i', inventory, '--limit', 'n2', ...swift]);
  const changed = await kubeletFiles(lab, 'n2');
  const name = '"nodeName":"n2"';
  await lab.on('n2', `grep -rl '${name}' /var/lib/kubelatch/txn | xargs sed -i 's/${name}/"nodeName":"cp1"/'`);
  const result = await scene.result<RunResult>(1, ['rollback', '-i', inventory, '--limit', 'n2', ...swift]);
  expect(outcomes(result)).toEqual({ n2: 'refused' });
  expect(result.hosts[0]?.reason).toMatch(/reports the node name cp1/);
  expect(await kubeletFiles(lab, 'n2')).toEqual(changed);
});
