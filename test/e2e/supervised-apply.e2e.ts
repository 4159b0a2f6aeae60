/** One fleet of kubeadm, k3s and RKE2: audit, apply, apply again, and back, each in one run. */
import { beforeAll, describe, expect, it } from 'vitest';
import { expectClosed, expectOpen, lineOf } from './planted.js';
import { type Audit, type RunResult, expectFullGate, failing, hostOf, outcomes } from './results.js';
import { filesOf, openScene, plantAll, readOn, stateOf, swift } from './scene.js';
import { containersOfAll, distroOf, isServer, kubeadmNodes, names, supervised } from './supervised-planted.js';

const scene = openScene();
const { lab } = scene;
const nodes = [...kubeadmNodes, ...names];
const servers = supervised.filter(({ shape }) => isServer(shape)).map(({ name }) => name);
// The inventory calls two of them workers: what runs on them counts.
const inventory = scene.inventory(nodes, { controlPlane: servers.slice(0, 2) });
const flags = [...swift, '--max-unavailable', '100%'];
const each = (outcome: string): Record<string, string> => Object.fromEntries(nodes.map((node) => [node, outcome]));
let planted: Readonly<Record<string, unknown>>;
let containers: Readonly<Record<string, string>>;
let audit: Audit;
let result: RunResult;

beforeAll(async () => {
  await plantAll(lab, nodes);
  planted = await filesOf(lab, nodes);
  containers = await containersOfAll(lab, names);
  audit = await scene.result<Audit>(0, ['audit', '-i', inventory]);
  result = await scene.result<RunResult>(0, ['apply', '-i', inventory, ...flags]);
});

it('has every one of them judged, as what it is', () => {
  expect(audit.summary).toMatchObject({ hosts: nodes.length, judged: nodes.length });
  const unknown = audit.hosts.flatMap(({ findings }) => findings.filter(({ status }) => status === 'unknown'));
  expect(unknown).toEqual([]);
  expect(Object.fromEntries(audit.hosts.map(({ host, distro }) => [host, distro]))).toEqual({
    ...Object.fromEntries(kubeadmNodes.map((name) => [name, 'kubeadm'])),
    ...Object.fromEntries(supervised.map(({ name, shape }) => [name, distroOf(shape)])),
  });
});

it('confirms every node by a gate with nothing left unchecked, servers last and one by one', () => {
  expect(outcomes(result)).toEqual(each('confirmed'));
  expect(result.stopped).toBeNull();
  for (const node of nodes) {
    const host = hostOf(result, node);
    expectFullGate(host);
    const checks = host.gate.map(({ check }) => check);
    expect(checks.includes('api-server-readyz'), node).toBe(servers.includes(node));
    if (names.includes(node) && !lab.isTrueProduct) expect(checks, node).toContain('containers');
  }
  const touched = scene.journal(result.run.id).flatMap(({ entry, host }) => (entry === 'step' ? [host] : []));
  const order = touched.filter((host, at) => host !== touched[at - 1]);
  expect(order.slice(-servers.length).sort()).toEqual([...servers].sort());
});

describe.each(supervised.map(({ name, shape, places }) => [name, shape, places] as const))(
  '%s, %s',
  (node, _shape, places) => {
    it('was found weak, with the file and line of each weakness', async () => {
      const host = hostOf(audit, node);
      for (const [rule, { got, place }] of Object.entries(places)) {
        const [path, ...words] = place;
        const line = lineOf(await readOn(lab, node, `/opt/planted${path}`), ...words);
        const found = host.findings.find((one) => one.rule === rule);
        expect(found, rule).toMatchObject({ status: 'fail', got, source: { path, line } });
      }
      expect(failing(host)).toEqual(expect.arrayContaining(['anonymous-request-refused', 'read-only-port-closed']));
    });

    it('has its doors closed, answers the API server as planned, and its containers live on', async () => {
      await expectClosed(lab, node);
      // A true product without images has none.
      if (!lab.isTrueProduct) expect(containers[node]).not.toBe('');
      expect(await containersOfAll(lab, [node])).toEqual({ [node]: containers[node] });
    });
  },
);

describe('afterwards', () => {
  it('audit finds nothing but what another file declares in vain', async () => {
    const after = await scene.result<Audit>(0, ['audit', '-i', inventory]);
    for (const host of after.hosts) {
      expect(
        failing(host).filter((rule) => rule !== 'declared-not-in-effect'),
        host.host,
      ).toEqual([]);
      expect(host.findings.filter(({ status }) => status === 'unknown')).toEqual([]);
    }
  });

  it('a second apply changes nothing and restarts nothing', async () => {
    const hardened = await stateOf(lab, nodes);
    const second = await scene.result<RunResult>(0, ['apply', '-i', inventory, ...flags]);
    expect(outcomes(second)).toEqual(each('unchanged'));
    expect(await stateOf(lab, nodes)).toEqual(hardened);
  });

  it('rollback returns every byte, with our own files gone and the doors as they were', async () => {
    const back = await scene.result<RunResult>(0, ['rollback', result.run.id, '-i', inventory, ...flags], {});
    expect(outcomes(back)).toEqual(each('confirmed'));
    expect(await filesOf(lab, nodes)).toEqual(planted);
    expect(await containersOfAll(lab, names)).toEqual(containers);
    await Promise.all(nodes.map((node) => expectOpen(lab, node)));
  });
});
