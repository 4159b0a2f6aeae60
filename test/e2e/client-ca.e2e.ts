/** A client CA that would lock the API server out blocks the plan: nothing is written and nothing restarts. */
import { beforeAll, expect, it } from 'vitest';
import { configYaml } from './planted.js';
import { type Plan, type RunResult, expectClear, hostOf, outcomes } from './results.js';
import { openScene, plantAll, processOf, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
const nodes = ['n1', 'n2', 'n3'];
// The control plane holds the certificate that kubelets are shown.
const inventory = scene.inventory([...nodes, 'cp1']);
let before: unknown;
let shown: Plan;

const look = async (): Promise<unknown> =>
  Promise.all(nodes.map(async (node) => [await lab.snapshot(node), await processOf(lab, node)]));

beforeAll(async () => {
  await plantAll(lab, [...nodes, 'cp1']);
  // The running kubelets go on with what they have read.
  await lab.on('n1', `sed -i -e '/x509:/d' -e '/clientCAFile:/d' ${configYaml}`);
  await lab.on('n2', `sed -i 's|clientCAFile:.*|clientCAFile: /etc/kubernetes/pki/gone.crt|' ${configYaml}`);
  await lab.on(
    'n3',
    `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=kubernetes -keyout /dev/null -out /etc/kubernetes/ssl/ca.pem`,
  );
  before = await look();
  shown = await scene.result<Plan>(1, ['plan', '-i', inventory]);
});

it.each([
  ['n1', 'is not set', /no client CA is set/],
  ['n2', 'does not exist', /\/etc\/kubernetes\/pki\/gone\.crt.* does not exist|gone\.crt: .*does not exist/],
  [
    'n3',
    'is of somebody else',
    /\/etc\/kubernetes\/ssl\/ca\.pem did not sign the API server’s kubelet client certificate/,
  ],
])('refuses %s, whose client CA %s', (node, _what, reason) => {
  const { refused, plan } = hostOf(shown, node);
  expect(plan).toBeNull();
  expectClear({ reason: refused?.reason, hint: refused?.hint });
  expect(refused?.reason).toMatch(reason);
});

it('plans the healthy node', () => {
  expect(hostOf(shown, 'cp1')).toMatchObject({ refused: null, plan: { restart: true, warnings: [] } });
  expect(shown.waves).toEqual([['cp1']]);
});

it('changes nothing on apply either', async () => {
  const result = await scene.result<RunResult>(1, ['apply', '-i', inventory, '--limit', 'n1,n2', ...swift]);
  expect(outcomes(result)).toEqual({ n1: 'refused', n2: 'refused' });
  expect(await look()).toEqual(before);
});
