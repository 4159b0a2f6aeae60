import { describe, expect, it } from 'vitest';
import { detectDistro } from '../../src/distros/index.js';
import type { ExposedPorts } from '../../src/facts/exposed-ports.js';
import type { HttpAnswer } from '../../src/facts/node-http.js';
import { findIneffectiveSettings } from '../../src/facts/not-in-effect.js';
import { type FileFact, type NodeFacts, textOf } from '../../src/facts/node-facts.js';
import { type Planned, planHost, completePlan } from '../../src/plan/host-plan.js';
import { type NodeView, assess } from '../../src/playbook/assess.js';
import { loadPlaybook } from '../../src/playbook/load.js';
import { fileOf, startedAt } from '../nodes/facts-of.js';
import { readNode } from '../nodes/recorded-node.js';
import { hardened, k3sNode, setupOf, valueOf } from './supervised-node.js';

const folder = '/var/lib/rancher/k3s/agent/etc/kubelet.conf.d';
const defaultsPath = `${folder}/00-k3s-defaults.conf`;
const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const config = '/etc/rancher/k3s/config.yaml';
const baseline = await loadPlaybook('baseline');

/** A k3s whose main process does not tell its version, with the defaults file as old as `age` seconds before its start. */
function silent(files: Readonly<Record<string, string>> = {}, age: number | 'no file' = -5): NodeFacts {
  const facts = k3sNode('not told', files);
  const made: FileFact = fileOf(defaultsPath, head, { mtime: startedAt - (age === 'no file' ? 0 : age) });
  return age === 'no file' ? facts : { ...facts, files: new Map(facts.files).set(defaultsPath, made) };
}
const running = (facts: NodeFacts, args: string): NodeFacts => ({
  ...facts,
  started: new Map([['k3s.service', `time="2026-01-02T03:04:05Z" level=info msg="Running kubelet ${args}"`]]),
});
const viewOf = (facts: NodeFacts, more: Partial<NodeView> = {}): NodeView => ({
  facts,
  setup: setupOf(facts),
  configz: undefined,
  kubeletVersion: undefined,
  ...more,
});
const judged = (facts: NodeFacts, more: Partial<NodeView> = {}): string | undefined =>
  assess(viewOf(facts, more), baseline).find(({ rule }) => rule === 'read-only-port')?.status;
/** What the node's own address answered on port 10255. */
function readOnlyPort(kind: 'refused' | 'status'): { exposed: ExposedPorts } {
  const answer: HttpAnswer = kind === 'refused' ? { kind } : { kind, status: 200, body: '' };
  const listening = kind === 'refused' ? [] : [{ address: '0.0.0.0', answer }];
  const answers = [{ port: 10255, host: '127.0.0.1', from: 'node', answer } as const];
  return { exposed: { kubelet: [], readOnly: [{ port: 10255, listening, answers }], listed: true } };
}

describe('the read-only port of a k3s that does not tell its version', () => {
  it('is taken for open, and judged unknown', () => {
    const facts = silent();
    expect(valueOf(facts, 'readOnlyPort')).toBe(10255);
    expect(judged(facts)).toBe('unknown');
  });

  it.each<readonly [what: string, facts: NodeFacts, more: Partial<NodeView>, status: string]>([
    ['configz says 0', silent(), { configz: { readOnlyPort: 0 } }, 'pass'],
    ['configz leaves it out, as a zero is', silent(), { configz: {} }, 'pass'],
    ['configz says 10255', silent(), { configz: { readOnlyPort: 10255 } }, 'fail'],
    ['nobody listens', silent(), readOnlyPort('refused'), 'pass'],
    ['somebody answers', silent(), readOnlyPort('status'), 'fail'],
    ['it was started with 0', running(silent(), `--config-dir=${folder} --read-only-port=0`), {}, 'pass'],
    ['it was started without', running(silent(), `--config-dir=${folder} --v=2`), {}, 'fail'],
    ['the Node object tells 1.32.2', { ...silent(), reportedVersion: 'v1.32.2+k3s1' }, {}, 'fail'],
    ['the Node object tells 1.33.1', { ...silent(), reportedVersion: 'v1.33.1+k3s1' }, {}, 'pass'],
    ['the Node object tells nothing of use', { ...silent(), reportedVersion: 'latest' }, {}, 'unknown'],
    ['a drop-in says 0', silent({ [`${folder}/50.conf`]: `${head}readOnlyPort: 0\n` }), {}, 'pass'],
    ['an argument says 0', silent({ [config]: 'kubelet-arg: [read-only-port=0]\n' }), {}, 'pass'],
    ['before 1.32 it is closed: no defaults file though it runs', silent({}, 'no file'), {}, 'pass'],
  ])('is known where %s', (_, facts, more, status) => {
    expect(judged(facts, more)).toBe(status);
  });

  it('is written out by a plan, and nothing is promised of what is not known', () => {
    const { facts } = readNode('k3s-1.32-version-unknown');
    const detected = detectDistro(facts);
    if (detected === undefined) throw new Error('no kubelet found');
    const host = { host: 'n', nodeName: undefined, role: 'worker' } as const;
    const planned = (more: Partial<NodeView>): Planned =>
      completePlan(planHost(host, viewOf(facts, more), detected.distro, [baseline]), {
        clientCertificates: [],
        clusterCa: undefined,
      });
    const open = planned({});
    const edits = 'plan' in open ? open.plan.edits : [];
    expect(edits.map(({ path, text }) => [path, text?.includes('readOnlyPort: 0\n')])).toEqual([
      [`${folder}/99-kubelatch.conf`, true],
    ]);
    const proven = planned(readOnlyPort('refused'));
    const expected = 'plan' in proven ? proven.plan.expect.map(({ setting }) => setting) : [];
    expect(expected).toContain('authorization.mode');
    expect(expected).not.toContain('readOnlyPort');
    expect('plan' in proven && proven.plan.edits).toEqual([]);
  });

  it('does not differ from the running kubelet', () => {
    const facts = silent();
    const found = findIneffectiveSettings(facts, setupOf(facts), { readOnlyPort: 0 });
    expect(found.map(({ what }) => what)).not.toContain('readOnlyPort');
  });
});

describe('whether kubelet.conf.d is read, where the version is not told', () => {
  const user = { [`${folder}/50.conf`]: `${head}podPidsLimit: 7\n` };
  it.each<readonly [what: string, facts: NodeFacts, limit: number]>([
    ['the defaults file was written at this start', silent(user), 7],
    ['the running kubelet was given the folder', running(silent(user, 900), `--config-dir=${folder}`), 7],
    ['the running kubelet was not given it', running(silent(user), '--anonymous-auth=false'), -1],
    ['there is no defaults file', silent(user, 'no file'), -1],
  ])('%s', (_, facts, limit) => {
    expect(valueOf(facts, 'podPidsLimit')).toBe(limit);
  });

  it('where nothing tells, a value is written as an argument, which is in effect either way', () => {
    const after = hardened(silent({}, 900), 'podPidsLimit', 4096);
    expect(textOf(after, `${config}.d/99-kubelatch.yaml`)).toContain('pod-max-pids=4096');
    expect(after.files.has(`${folder}/99-kubelatch.conf`)).toBe(false);
    const sure = hardened(silent(), 'podPidsLimit', 4096);
    expect(textOf(sure, `${folder}/99-kubelatch.conf`)).toContain('podPidsLimit: 4096');
  });
});
