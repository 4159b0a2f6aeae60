/** A whole benchmark at once: settings, modes and owners, on kubelets of any version. */
import { beforeAll, expect, it } from 'vitest';
import { configYaml, expectClosed } from './planted.js';
import { type Audit, type Plan, type RunResult, hostOf, outcomes } from './results.js';
import { kubeletFiles, openScene, plantAll, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
const nodes = ['n1', 'n2', 'n3', 'cp1'];
const inventory = scene.inventory(nodes);
const playbooks = ['-p', 'baseline', '-p', 'cis-1.12', '-p', 'tls'];

beforeAll(() => plantAll(lab, nodes));

it('is planned, applied, and leaves nothing that apply could mend', async () => {
  await lab.on('n2', `chmod 666 ${configYaml}; chown deploy:deploy ${configYaml}`);
  const shown = await scene.result<Plan>(0, ['plan', '-i', inventory, ...playbooks]);
  for (const node of nodes) expect(hostOf(shown, node).plan?.restart, node).toBe(true);
  const result = await scene.result<RunResult>(0, ['apply', '-i', inventory, ...playbooks, ...swift]);
  expect(outcomes(result)).toEqual(Object.fromEntries(nodes.map((node) => [node, 'confirmed'])));
  for (const node of nodes) await expectClosed(lab, node);
  expect((await kubeletFiles(lab, 'n2'))[configYaml]).toMatchObject({ mode: '600', owner: 'root:root' });

  const audit = await scene.result<Audit>(0, ['audit', '-i', inventory, ...playbooks]);
  // Nobody approves certificates in the lab: that rule is all that is left.
  const after = await scene.result<Plan>(1, ['plan', '-i', inventory, ...playbooks, '--detailed-exitcode']);
  for (const node of nodes) {
    expect(hostOf(after, node).refused?.reason, node).toMatch(/^server-tls-bootstrap: Nothing in the cluster approves/);
    const left = hostOf(audit, node).findings.filter(
      ({ status, playbook }) => status === 'fail' && playbook === 'kubelatch',
    );
    expect(left, node).toEqual([]);
  }
});
