/** Kubelets on addresses and ports of their own: audit asks where they listen, and the gate where they will. */
import { beforeAll, expect, it } from 'vitest';
import { configYaml, lineOf, unitFile } from './planted.js';
import { type Audit, type RunResult, expectFullGate, hostOf, outcomes, expectNothingBut } from './results.js';
import { kubeletFiles, openScene, plantAll, readOn, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
const nodes = ['n1', 'n2', 'n3'];
const inventory = scene.inventory(nodes);
const addressOf = (node: string): string => lab.nodes[node]?.address ?? '';
let before: Awaited<ReturnType<typeof kubeletFiles>>;

/** Restarted with what the script has made of its files. */
async function remake(node: string, script: string): Promise<void> {
  const restartedAt = Date.now();
  const made = await lab.on(node, `set -e; ${script}; systemctl daemon-reload; systemctl restart kubelet`);
  expect(made, node).toMatchObject({ code: 0 });
  await lab.waitReady(node, { reachable: true, restartedAt });
}

/** Whether somebody listens there, asked on the node. */
async function listens(node: string, address: string, port: number): Promise<boolean> {
  return (await lab.on(node, `timeout 2 bash -c '</dev/tcp/${address}/${port}'`)).code === 0;
}

beforeAll(async () => {
  await plantAll(lab, nodes);
  const own = addressOf('n1');
  await Promise.all([
    remake(
      'n1',
      `sed -i 's/^healthzBindAddress: .*/healthzBindAddress: ${own}/' ${configYaml}; echo 'address: ${own}' >>${configYaml}`,
    ),
    remake(
      'n2',
      `sed -i -e 's/^readOnlyPort: 10255/readOnlyPort: 10300/' -e 's/^healthzPort: .*/healthzPort: 10348/' \
         -e 's/^healthzBindAddress: .*/healthzBindAddress: "::1"/' ${configYaml}`,
    ),
    remake('n3', `sed -i 's|--anonymous-auth|--address=${addressOf('n3')} --anonymous-auth|' ${unitFile}`),
  ]);
  before = await kubeletFiles(lab, 'n1');
});

it('stands as it was made: bound to no loopback, and open', async () => {
  for (const node of ['n1', 'n3']) {
    expect(await lab.probe(node), node).toEqual({ anonymous10250: 200, port10255: 'open' });
    expect([await listens(node, '127.0.0.1', 10250), await listens(node, '127.0.0.1', 10255)]).toEqual([false, false]);
  }
  expect([await listens('n2', '127.0.0.1', 10300), await listens('n2', '::1', 10348)]).toEqual([true, true]);
});

it('audit finds them open', async () => {
  const audit = await scene.result<Audit>(0, ['audit', '-i', inventory]);
  const found = (node: string, rule: string) => hostOf(audit, node).findings.find((one) => one.rule === rule);
  const config = { kind: 'file', path: configYaml, line: lineOf(await readOn(lab, 'n1', configYaml), 'address:') };
  for (const rule of ['anonymous-request-refused', 'read-only-port-closed']) {
    for (const node of nodes)
      expect(found(node, rule), `${rule} on ${node}`).toMatchObject({ status: 'fail', got: '200' });
    expect(found('n1', rule)).toMatchObject({ source: config, note: "answered on the node's own address" });
    expect(found('n3', rule)).toMatchObject({ source: { kind: 'flag', path: unitFile } });
  }
  expect(found('n2', 'read-only-port-closed')?.title).toBe('Nothing listens on port 10300');
});

it('apply closes them, behind a gate that asks where they are', async () => {
  const result = await scene.result<RunResult>(0, ['apply', '-i', inventory, ...swift]);
  expect(outcomes(result)).toEqual({ n1: 'confirmed', n2: 'confirmed', n3: 'confirmed' });
  for (const node of nodes) {
    const host = hostOf(result, node);
    const seen = Object.fromEntries(
      host.gate.map(({ check, seen: what, passed }) => [check, passed ? what : `NOT: ${what}`]),
    );
    expect(seen, node).toMatchObject({ 'anonymous-10250': '401', 'read-only-port': 'refused', healthz: '200' });
    expectFullGate(host);
  }
  for (const node of ['n1', 'n3']) {
    expect(await lab.probe(node), node).toEqual({ anonymous10250: 401, port10255: 'refused' });
    expect(await listens(node, '127.0.0.1', 10250), node).toBe(false);
  }
  expect(await listens('n2', '127.0.0.1', 10300)).toBe(false);
  const audit = await scene.result<Audit>(0, ['audit', '-i', inventory]);
  expectNothingBut(audit, ['n1', 'n2', 'n3'], Object.keys(lab.nodes));
});

it('rollback gives them back, proved on their own addresses', async () => {
  const result = await scene.result<RunResult>(0, ['rollback', '-i', inventory, ...swift]);
  expect(outcomes(result)).toEqual({ n1: 'confirmed', n2: 'confirmed', n3: 'confirmed' });
  expect(await kubeletFiles(lab, 'n1')).toEqual(before);
  expect(await lab.probe('n1')).toEqual({ anonymous10250: 200, port10255: 'open' });
});
