/** What kubelatch does not touch: a node whose own files are wrong, and a server that etcd cannot spare. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Plan, type RunResult, expectClear, hostOf, outcomes } from './results.js';
import type { Shape } from '../lab/lab.js';
import { openScene, plantAll, stateOf, swift } from './scene.js';
import { distroOf, isServer, names, supervised, threeServers } from './supervised-planted.js';

const scene = openScene();
const { lab } = scene;

beforeAll(async () => {
  await plantAll(lab, [...new Set([...names, ...threeServers])]);
  // It takes a while until it is called NotReady; what comes first does not concern it.
  if (threeServers.length > 0) await lab.on('s2', 'systemctl stop k3s');
});
afterAll(() => plantAll(lab, threeServers.slice(1)));

describe('bad input', () => {
  const inputs = {
    malformed: {
      what: 'a config.yaml that does not parse',
      place: (node: string) => lab.breakConfigYaml(node),
      said: /\/config\.yaml:\d+: not valid YAML/,
    },
    dropIn: {
      what: 'a drop-in without apiVersion',
      place: async (node: string, shape: Shape) => {
        const folder = `/var/lib/rancher/${distroOf(shape)}/agent/etc/kubelet.conf.d`;
        await lab.on(node, `printf 'readOnlyPort: 0\\n' >${folder}/60-mine.conf`);
      },
      said: /60-mine\.conf.*apiVersion/,
    },
    profile: {
      what: 'an unknown profile',
      place: async (node: string) => {
        await lab.on(node, "printf 'profile: cis-1.99\\n' >>/etc/rancher/rke2/config.yaml");
      },
      said: /config\.yaml:\d+: unknown profile "cis-1\.99"/,
    },
  };
  // s1 is left for the servers below.
  const inputOf: Readonly<Record<string, keyof typeof inputs>> = {
    'k3s-agent': 'dropIn',
    'k3s-agent-old': 'malformed',
    'k3s-server-old': 'malformed',
    'rke2-agent': 'dropIn',
    'rke2-agent-old': 'profile',
    'rke2-server': 'profile',
    'rke2-server-old': 'malformed',
  };
  const rows = supervised.flatMap(({ name, shape }) => {
    const input = inputOf[shape];
    return input === undefined ? [] : [{ node: name, shape, ...inputs[input] }];
  });
  const nodes = rows.map(({ node }) => node);
  const inventory = scene.inventory(nodes, { controlPlane: [] });
  let before: unknown;
  let plan: Plan;
  let result: RunResult;

  beforeAll(async () => {
    await Promise.all(rows.map(({ node, shape, place }) => place(node, shape)));
    before = await stateOf(lab, nodes);
    const planned = await scene.kubelatch(['plan', '-i', inventory, '-o', 'json']);
    plan = JSON.parse(planned.stdout) as Plan;
    const ran = await scene.kubelatch(['apply', '-i', inventory, ...swift, '-o', 'json']);
    expect(ran.code, ran.stderr).toBe(1);
    result = JSON.parse(ran.stdout) as RunResult;
  });

  it.each(rows.map(({ node, shape, what, said }) => [node, shape, what, said] as const))(
    '%s, %s, with %s, is refused in one clear line',
    (node, _shape, _what, said) => {
      expect(outcomes(result)[node]).toBe('refused');
      const { reason, hint } = hostOf(result, node);
      expectClear({ reason, hint });
      expect(reason).toMatch(said);
      expect(hostOf(plan, node).refused?.reason).toBe(reason);
    },
  );

  it('and left untouched', async () => {
    expect(await stateOf(lab, nodes)).toEqual(before);
  });
});

describe.runIf(threeServers.length > 0)('three servers, one of them down', () => {
  const inventory = scene.inventory(threeServers);
  const others = ['s1', 's3'];
  // The lab's nodes are one cluster: with these it would have more than three servers.
  const strangers = Object.entries(lab.nodes)
    .filter(([name, { shape }]) => shape === 'control-plane' || (isServer(shape) && !threeServers.includes(name)))
    .map(([name]) => name);
  const roles = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];
  const member = 'node-role.kubernetes.io/etcd';
  const members = strangers.filter((name) => isServer(lab.nodes[name]?.shape ?? 'kubeadm'));
  let before: unknown;
  let result: RunResult;

  beforeAll(async () => {
    expect(strangers).toContain('cp1');
    await label(
      strangers,
      [...roles, member].map((role) => `${role}-`),
    );
    await vi.waitUntil(async () => (await lab.ready('s2')) !== 'True', { timeout: 60_000, interval: 500 });
    before = await stateOf(lab, others);
    const run = ['apply', '-i', inventory, '--yes', '--settle', '1s', '--deadline', '10s', '-o', 'json'];
    const ran = await scene.kubelatch(run);
    expect(ran.code, ran.stderr).not.toBe(0);
    result = JSON.parse(ran.stdout) as RunResult;
  });
  afterAll(async () => {
    await label(
      strangers,
      roles.map((role) => `${role}=true`),
    );
    await label(members, [`${member}=true`]);
  });

  it('stops before it touches a server, and names the one that is down', () => {
    expect(result.stopped).toMatch(/^control-plane nodes are already down: s2$/);
    for (const node of others) expect(outcomes(result)[node]).toBe('skipped');
    expect(scene.journal(result.run.id).filter(({ entry }) => entry === 'step')).toEqual([]);
  });

  it('leaves their files and processes alone', async () => {
    expect(await stateOf(lab, others)).toEqual(before);
  });
});

async function label(nodes: readonly string[], labels: readonly string[]): Promise<void> {
  await promisify(execFile)(lab.kubectl, [
    ...['--kubeconfig', lab.kubeconfig, 'label', '--overwrite', 'nodes'],
    ...nodes,
    ...labels,
  ]);
}
