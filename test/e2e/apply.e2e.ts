/** apply --yes hardens the fleet, proves it, and has nothing left to do the second time. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FileState } from '../lab/lab.js';
import { configYaml, expectClosed, hardenedConfig, unitFile } from './planted.js';
import { type Audit, type RunResult, expectFullGate, failing, hostOf, outcomes, expectNothingBut } from './results.js';
import { kubeletFiles, openScene, plantAll, readOn, stateOf, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
const nodes = ['n1', 'n2', 'n3', 'cp1'];
const inventory = scene.inventory(nodes);
const dropIn = '/etc/systemd/system/kubelet.service.d/zz-kubelatch.conf';
let result: RunResult;
const planted: Record<string, { config: string; files: Readonly<Record<string, FileState>> }> = {};

beforeAll(async () => {
  await plantAll(lab, nodes);
  for (const node of nodes) {
    const config = node === 'n3' ? '' : await readOn(lab, node, configYaml);
    planted[node] = { config, files: await kubeletFiles(lab, node) };
  }
  result = await scene.result<RunResult>(0, ['apply', '-i', inventory, ...swift]);
});

it('confirms every node by a gate with nothing left unchecked', () => {
  expect(outcomes(result)).toEqual(Object.fromEntries(nodes.map((node) => [node, 'confirmed'])));
  expect(result.stopped).toBeNull();
  for (const node of nodes) {
    const host = hostOf(result, node);
    expectFullGate(host);
    const wanted = ['anonymous-10250', 'configz', 'healthz', 'kubelet-process', 'lease', 'read-only-port', 'ready'];
    if (node === 'cp1') wanted.push('api-server-readyz', 'etcd');
    expect(host.gate.map(({ check }) => check).sort(), node).toEqual(wanted.sort());
  }
});

it.each(nodes)('closes the doors of %s; the API server still reaches it', (node) => expectClosed(lab, node));

it.each(['n1', 'n2', 'cp1'])('changes just the planted weaknesses in the config.yaml of %s', async (node) => {
  const before = planted[node];
  expect(await readOn(lab, node, configYaml)).toBe(hardenedConfig(before?.config ?? ''));
  const files = await kubeletFiles(lab, node);
  expect({ ...files[configYaml], sha256: '' }).toEqual({ ...before?.files[configYaml], sha256: '' });
  expect({ ...files, [configYaml]: null }).toEqual({ ...before?.files, [configYaml]: null });
  expect(hostOf(result, node).edits).toEqual([{ path: configYaml, action: 'edit' }]);
});

it('changes the flags of n3 by a drop-in and leaves its unit as it is', async () => {
  const files = await kubeletFiles(lab, 'n3');
  expect(files[unitFile]).toEqual(planted['n3']?.files[unitFile]);
  expect(hostOf(result, 'n3').edits).toEqual([{ path: dropIn, action: 'create' }]);
  expect(files[dropIn]).toMatchObject({ mode: '644', owner: 'root:root' });
  const others = Object.fromEntries(Object.entries(files).filter(([path]) => !path.includes('kubelet.service.d')));
  expect(others).toEqual(planted['n3']?.files);
});

it('writes the journal before each effect, the control plane last', () => {
  const entries = scene.journal(result.run.id);
  expect(entries[0]).toMatchObject({ entry: 'run' });
  expect(entries.at(-1)).toMatchObject({ entry: 'end' });
  for (const node of nodes) {
    const own = entries.filter(({ host }) => host === node);
    const steps = own.map(({ entry, step, outcome }) => (entry === 'step' ? step : outcome));
    expect(steps, node).toEqual([
      'connect',
      'prepare',
      'prove',
      'arm',
      'write',
      'restart',
      'gate',
      'confirm',
      'confirmed',
    ]);
  }
  const first = entries.findIndex(({ entry, host }) => entry === 'step' && host === 'cp1');
  const workers = entries.slice(first).filter(({ host }) => host !== undefined && host !== 'cp1');
  expect(workers).toEqual([]);
});

it('leaves nothing of its own lying about', async () => {
  for (const node of nodes) {
    const found = await lab.on(node, "find /etc /usr/lib/systemd /var/lib /run -xdev -name '.kubelatch-*'");
    expect(found.stdout, node).toBe('');
  }
});

describe('afterwards', () => {
  it('audit finds nothing that baseline has against any node', async () => {
    const audit = await scene.result<Audit>(0, ['audit', '-i', inventory]);
    for (const node of nodes) {
      const host = hostOf(audit, node);
      expect({ status: host.status, failing: failing(host), notes: host.notes }, node).toEqual({
        status: 'judged',
        failing: [],
        notes: [],
      });
    }
    expectNothingBut(audit, nodes, Object.keys(lab.nodes));
  });

  it('a second apply changes nothing and restarts nothing', async () => {
    const before = await stateOf(lab, nodes);
    const second = await scene.result<RunResult>(0, ['apply', '-i', inventory, ...swift]);
    expect(outcomes(second)).toEqual(Object.fromEntries(nodes.map((node) => [node, 'unchanged'])));
    expect(await stateOf(lab, nodes)).toEqual(before);
  });
});
