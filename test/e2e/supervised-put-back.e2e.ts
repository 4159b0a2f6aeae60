/** Each shape of k3s and RKE2 is put back by itself, to the byte, from a kubelet that dies, a lost Ready and a closed way in. */
import { beforeAll, describe, expect, it } from 'vitest';
import { expectOpen } from './planted.js';
import { type ChangedHost, type RunResult, expectClear, hostOf, outcomes } from './results.js';
import { kubeletFiles, openScene, plantAll } from './scene.js';
import { plantedOn, shapes } from './supervised-planted.js';

const scene = openScene();
const { lab } = scene;
const inventory = scene.inventory(shapes);
const flags = ['--yes', '--waves', '100%', '--max-unavailable', '5', '--max-failures', '9', '--settle', '1s'];

const look = async (): Promise<Readonly<Record<string, unknown>>> =>
  Object.fromEntries(await Promise.all(shapes.map(async (node) => [node, await kubeletFiles(lab, node)] as const)));
const failedChecks = ({ gate }: ChangedHost): readonly string[] =>
  gate.filter((one) => !one.passed && one.unchecked !== true).map(({ check }) => check);
const reverted = Object.fromEntries(shapes.map((node) => [node, 'reverted']));

describe('a kubelet that dies on start', () => {
  const deadly = scene.file(
    'deadly.yaml',
    `apiVersion: kubelatch.dev/v1
kind: Playbook
metadata: {name: deadly, title: A cipher suite that no kubelet knows}
rules:
  - id: cipher-suites
    title: Only one cipher suite
    severity: medium
    setting: tlsCipherSuites
    want: {subsetOf: [TLS_OF_TOMORROW]}
    set: [TLS_OF_TOMORROW]
    why: A mistake that the file's syntax cannot show.
`,
  );
  let before: Readonly<Record<string, unknown>>;
  let result: RunResult;

  beforeAll(async () => {
    await plantAll(lab, shapes);
    before = await look();
    const run = ['apply', '-i', inventory, '-p', 'baseline', '-p', deadly, ...flags, '--deadline', '20s'];
    result = await scene.result<RunResult>(4, run);
  });

  it.each(shapes)('is seen dead on %s and reported with its own words', (node) => {
    const host = hostOf(result, node);
    expect(host.outcome).toBe('reverted');
    expectClear(host);
    expect(failedChecks(host)).toContain('kubelet-process');
    expect(host.log.join('\n')).toContain('TLS_OF_TOMORROW');
  });

  it('is told from kubelet.log where the unit stays active without it', async () => {
    for (const node of shapes.filter((one) => plantedOn[one]?.distro === 'rke2')) {
      const path = '/var/lib/rancher/rke2/agent/logs/kubelet.log';
      expect((await lab.on(node, `grep -c TLS_OF_TOMORROW ${path}`)).code, node).toBe(0);
      const journal = await lab.on(node, `journalctl -u ${lab.nodes[node]?.unit ?? ''} -o cat | grep "Kubelet exited"`);
      expect(journal.stdout, node).not.toContain('TLS_OF_TOMORROW');
      const shown = await lab.on(node, `systemctl show ${lab.nodes[node]?.unit ?? ''} -p NRestarts --value`);
      expect(shown.stdout.trim(), node).toBe('0');
    }
  });

  it('leaves every byte as it was, and every node serving', async () => {
    expect(outcomes(result)).toEqual(reverted);
    expect(await look()).toEqual(before);
    for (const node of shapes) await expectOpen(lab, node);
  });
});

describe('a kubelet that runs, on a node that turns NotReady or that the API server cannot reach', () => {
  const notReady = ['a1', 'a4', 'r1'];
  const unreachable = ['a2', 'a3', 's1'];
  let before: Readonly<Record<string, unknown>>;
  let result: RunResult;

  beforeAll(async () => {
    await plantAll(lab, shapes);
    before = await look();
    for (const node of notReady) await lab.faultNotReadyWhenHardened(node);
    for (const node of unreachable) await lab.faultUnreachableWhenHardened(node);
    result = await scene.result<RunResult>(4, ['apply', '-i', inventory, ...flags, '--deadline', '20s']);
  });

  it.each([
    ...notReady.map((node) => [node, 'NotReady', 'ready'] as const),
    ...unreachable.map((node) => [node, 'unreachable for the API server', 'configz'] as const),
  ])('puts %s back, which was %s', (node, _state, check) => {
    const host = hostOf(result, node);
    expect(host.outcome).toBe('reverted');
    expectClear(host);
    expect(failedChecks(host)).toEqual([check]);
  });

  it('leaves every byte as it was, and every node serving', async () => {
    expect(outcomes(result)).toEqual(reverted);
    expect(await look()).toEqual(before);
    for (const node of shapes) await expectOpen(lab, node);
  });
});
