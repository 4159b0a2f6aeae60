/** What kubelatch does not touch: a server that etcd cannot spare, and a node whose own files are wrong. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Plan, type RunResult, expectClear, hostOf, outcomes } from './results.js';
import { openScene, plantAll, processOf, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;

const roles = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

async function label(nodes: readonly string[], labels: readonly string[]): Promise<void> {
  await promisify(execFile)(lab.kubectl, [
    ...['--kubeconfig', lab.kubeconfig, 'label', '--overwrite', 'nodes'],
    ...nodes,
    ...labels,
  ]);
}

describe('three servers, one of them down', () => {
  const servers = ['s1', 's2', 's3'];
  const inventory = scene.inventory(servers);
  const others = ['s1', 's3'];
  const look = async (): Promise<unknown> =>
    Promise.all(others.map(async (node) => [await lab.snapshot(node), await processOf(lab, node)]));
  let before: unknown;
  let result: RunResult;

  beforeAll(async () => {
    await plantAll(lab, servers);
    // The lab's nodes are one cluster: with these two it would have five servers.
    await label(
      ['r1', 'cp1'],
      roles.map((role) => `${role}-`),
    );
    await lab.on('s2', 'systemctl stop k3s');
    await vi.waitUntil(async () => (await ready('s2')) !== 'True', { timeout: 60_000, interval: 500 });
    before = await look();
    const run = ['apply', '-i', inventory, '--yes', '--settle', '1s', '--deadline', '5s', '-o', 'json'];
    const ran = await scene.kubelatch(run);
    expect(ran.code, ran.stderr).not.toBe(0);
    result = JSON.parse(ran.stdout) as RunResult;
  });
  afterAll(async () => {
    await label(
      ['r1', 'cp1'],
      roles.map((role) => `${role}=true`),
    );
    await plantAll(lab, ['s2']);
  });

  it('stops before it touches a server, and names the one that is down', () => {
    expect(result.stopped).toMatch(/^control-plane nodes are down already: s2$/);
    for (const node of others) expect(outcomes(result)[node]).toBe('skipped');
    expect(scene.journal(result.run).filter(({ entry }) => entry === 'step')).toEqual([]);
  });

  it('leaves their files and processes alone', async () => {
    expect(await look()).toEqual(before);
  });
});

describe('bad input', () => {
  const nodes = ['a1', 'a2', 'a4'];
  const inventory = scene.inventory(nodes);
  const dropIn = '/var/lib/rancher/rke2/agent/etc/kubelet.conf.d/60-mine.conf';
  const look = async (): Promise<unknown> =>
    Promise.all(nodes.map(async (node) => [await lab.snapshot(node), await processOf(lab, node)]));
  let before: unknown;
  let plan: Plan;
  let result: RunResult;

  beforeAll(async () => {
    await plantAll(lab, nodes);
    await lab.breakConfigYaml('a1');
    await lab.on('a2', `printf 'readOnlyPort: 0\n' >${dropIn}`);
    await lab.on('a4', "printf 'profile: cis-1.99\n' >>/etc/rancher/rke2/config.yaml");
    before = await look();
    const planned = await scene.kubelatch(['plan', '-i', inventory, '-o', 'json']);
    plan = JSON.parse(planned.stdout) as Plan;
    const ran = await scene.kubelatch(['apply', '-i', inventory, ...swift, '-o', 'json']);
    expect(ran.code, ran.stderr).toBe(1);
    result = JSON.parse(ran.stdout) as RunResult;
  });
  afterAll(() => plantAll(lab, nodes));

  it.each([
    ['a1', 'a config.yaml that does not parse', /^\/etc\/rancher\/k3s\/config\.yaml:\d+: /],
    ['a2', 'a drop-in without apiVersion', /60-mine\.conf.*apiVersion/],
    ['a4', 'an unknown profile', /config\.yaml:\d+: unknown profile "cis-1\.99"/],
  ])('%s, with %s, is refused in one clear line', (node, _what, said) => {
    expect(outcomes(result)[node]).toBe('refused');
    const { reason, hint } = hostOf(result, node);
    expectClear({ reason, hint });
    expect(reason).toMatch(said);
    expect(hostOf(plan, node).refused?.reason).toBe(reason);
  });

  it('and left untouched', async () => {
    expect(await look()).toEqual(before);
  });
});

async function ready(node: string): Promise<string> {
  const seen = JSON.parse((await lab.get(`/api/v1/nodes/${node}`)).body) as {
    status: { conditions: { type: string; status: string }[] };
  };
  return seen.status.conditions.find((condition) => condition.type === 'Ready')?.status ?? 'unset';
}
