/** The packet filter on every shape of k3s and RKE2: in the units of the products, past the gate, closed to pods, and back again. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Audit, type RunResult, hostOf, outcomes } from './results.js';
import { filesOf, openScene, plantAll, swift } from './scene.js';
import { containersOfAll, names, titled } from './supervised-planted.js';

const scene = openScene();
const { lab } = scene;
const inventory = scene.inventory(names);
const flags = [...swift, '--max-unavailable', '100%'];
const each = <T>(value: T): Record<string, T> => Object.fromEntries(names.map((name) => [name, value]));
const playbook = scene.file(
  'filter.yaml',
  `apiVersion: kubelatch.dev/v1
kind: Playbook
metadata: {name: filter, title: Keep pods out}
rules:
  - {id: filter, title: Keep pods out, severity: high, why: w, packetFilter: {podNetworks: [10.244.0.0/16]}}
`,
);
let planted: Readonly<Record<string, unknown>>;
let containers: Readonly<Record<string, string>>;
let result: RunResult;

async function must(node: string, script: string): Promise<string> {
  const ran = await lab.on(node, `set -e\n${script}`);
  expect(ran.code, `${node}: ${ran.stderr}`).toBe(0);
  return ran.stdout;
}

/** A TCP connection to the node's own address, from a pod on it. */
async function opens(node: string, port: number): Promise<boolean> {
  const dial = `timeout 3 bash -c 'exec 3<>/dev/tcp/${lab.nodes[node]?.address ?? ''}/${port}'`;
  return (await lab.on(node, `ip netns exec pod ${dial}`)).code === 0;
}
const ofAll = async <T>(ask: (node: string) => Promise<T>): Promise<Record<string, T>> =>
  Object.fromEntries(await Promise.all(names.map(async (node) => [node, await ask(node)] as const)));
const doors = (node: string): Promise<readonly boolean[]> => Promise.all([opens(node, 10250), opens(node, 22)]);
const table = (node: string): Promise<string> => must(node, 'nft list tables | grep kubelatch || true');
const reachable = async (node: string): Promise<number> =>
  (await lab.get(`/api/v1/nodes/${node}/proxy/healthz`)).status;

beforeAll(async () => {
  await plantAll(lab, names);
  planted = await filesOf(lab, names);
  containers = await containersOfAll(lab, names);
  await ofAll((node) =>
    must(
      node,
      `ip netns add pod; ip link add pod0 type veth peer name eth0 netns pod
       ip addr add 10.244.99.1/24 dev pod0; ip link set pod0 up
       ip -n pod addr add 10.244.99.2/24 dev eth0; ip -n pod link set eth0 up; ip -n pod route add default via 10.244.99.1`,
    ),
  );
  expect(await ofAll(doors)).toEqual(each([true, true]));
  result = await scene.result<RunResult>(0, ['apply', '-i', inventory, '-p', playbook, ...flags], {});
});
afterAll(async () => {
  await ofAll((node) => lab.on(node, 'ip netns del pod'));
  await plantAll(lab, names);
});

it('is confirmed on every node, and found by an audit', async () => {
  expect(outcomes(result)).toEqual(each('confirmed'));
  const { hosts } = await scene.result<Audit>(0, ['audit', '-i', inventory, '-p', playbook]);
  const judged = hosts.map(({ host, findings }) => [host, findings.find(({ rule }) => rule === 'filter')] as const);
  expect(Object.fromEntries(judged.map(([host, one]) => [host, `${one?.status} ${String(one?.got)}`]))).toEqual(
    each('pass in effect'),
  );
});

it.each(titled)('%s, %s: the gate saw it, pods do not reach the kubelet, and the API server does', async (node) => {
  const { gate } = hostOf(result, node);
  expect(gate).toContainEqual(expect.objectContaining({ check: 'packet-filter', passed: true, seen: 'in effect' }));
  expect(gate.filter((one) => !one.passed || one.unchecked === true)).toEqual([]);
  expect(await table(node)).toContain('inet kubelatch');
  expect(
    await must(node, `cat /etc/systemd/system/${lab.nodes[node]?.unit ?? ''}.service.d/zz-kubelatch-filter.conf`),
  ).toMatch(/^ExecStartPre=\+.*nft -f /m);
  expect(await doors(node)).toEqual([false, true]);
  expect(await reachable(node)).toBe(200);
});

it('lets containers live on', async () => {
  expect(await containersOfAll(lab, names)).toEqual(containers);
});

it('is gone after a rollback, to the byte', async () => {
  const back = await scene.result<RunResult>(0, ['rollback', result.run.id, '-i', inventory, ...flags], {});
  expect(outcomes(back)).toEqual(each('confirmed'));
  expect(await ofAll(table)).toEqual(each(''));
  expect(await filesOf(lab, names)).toEqual(planted);
  expect(await ofAll((node) => must(node, 'ls -d /etc/kubelatch 2>/dev/null || true'))).toEqual(each(''));
  expect(await ofAll(doors)).toEqual(each([true, true]));
});
