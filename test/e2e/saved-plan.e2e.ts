/** A saved plan is applied as it was shown; a node that changed since refuses it, and nobody is asked where nobody sits. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { configYaml, expectClosed, expectOpen } from './planted.js';
import { type Plan, type RunResult, expectClear, hostOf, outcomes } from './results.js';
import { kubeletFiles, openScene, plantAll, processOf, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
const nodes = ['n1', 'n2', 'n3'];
const inventory = scene.inventory(nodes);
const saved = join(scene.folder, 'plan.json');
const unasked = swift.filter((flag) => flag !== '--yes');
let shown: Plan;

beforeAll(async () => {
  await plantAll(lab, nodes);
  shown = await scene.result<Plan>(0, ['plan', '-i', inventory, '--out', saved]);
});

it('shows the exact edits, and changes nothing', async () => {
  const { plan } = hostOf(shown, 'n1');
  expect(plan?.edits.map(({ path, action }) => ({ path, action }))).toEqual([{ path: configYaml, action: 'edit' }]);
  const changed = (plan?.edits[0]?.diff ?? '').split('\n').filter((line) => /^[-+][^-+]/.test(line));
  expect(changed).toEqual([
    '-    enabled: true   # opened for the old dashboard, ticket OPS-1417',
    '+    enabled: false   # opened for the old dashboard, ticket OPS-1417',
    '-    enabled: false',
    '+    enabled: true',
    '-  mode: AlwaysAllow',
    '+  mode: Webhook',
    '-readOnlyPort: 10255 # metrics of the old monitoring',
    '+readOnlyPort: 0 # metrics of the old monitoring',
  ]);
  expect(plan?.restart).toBe(true);
  for (const node of nodes) await expectOpen(lab, node);
  expect((await scene.kubelatch(['plan', '-i', inventory, '--detailed-exitcode'])).code).toBe(2);
});

it('keeps the saved plan from other eyes', () => {
  expect((statSync(saved).mode & 0o777).toString(8)).toBe('600');
});

it.each([{ CI: '1' }, {}])('refuses to change anything unasked (%o)', async (env) => {
  const before = await processOf(lab, 'n1');
  const ran = await scene.kubelatch(['apply', '-i', inventory, ...unasked], { env });
  expect(ran).toMatchObject({ code: 64, stdout: '' });
  expect(ran.stderr).toMatch(/--yes/);
  expect(await processOf(lab, 'n1')).toBe(before);
});

it('refuses a plan of another cluster, and one that was cut short', async () => {
  const text = readFileSync(saved, 'utf8');
  const foreign = scene.file('foreign.json', text.replace('"cluster": "lab"', '"cluster": "other"'));
  const broken = scene.file('broken.json', text.slice(0, 500));
  for (const path of [foreign, broken]) {
    const ran = await scene.kubelatch(['apply', path, '-i', inventory, ...unasked]);
    expect(ran.code, ran.stderr).toBe(1);
    expect(ran.stderr).toMatch(/plan/);
  }
  await expectOpen(lab, 'n1');
});

it('is refused by the node that was edited since, and carried out on the others', async () => {
  await lab.on('n2', `printf '%s\\n' '# by hand' >>${configYaml}`);
  const before = { files: await kubeletFiles(lab, 'n2'), process: await processOf(lab, 'n2') };
  const result = await scene.result<RunResult>(1, ['apply', saved, '-i', inventory, ...unasked], { env: { CI: '1' } });
  expect(outcomes(result)).toEqual({ n1: 'confirmed', n2: 'refused', n3: 'confirmed' });
  const { reason, hint } = hostOf(result, 'n2');
  expectClear({ reason, hint });
  expect(reason).toContain(configYaml);
  expect({ files: await kubeletFiles(lab, 'n2'), process: await processOf(lab, 'n2') }).toEqual(before);
  await expectClosed(lab, 'n1');
  await expectClosed(lab, 'n3');
});
