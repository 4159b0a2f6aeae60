import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/cluster/cluster.js';
import type { Host } from '../../src/inventory/host.js';
import { fail, ok } from '../../src/lib/result.js';
import { loadPlaybooks, parsePlaybook } from '../../src/playbook/load.js';
import type { Playbook } from '../../src/playbook/schema.js';
import { exitCodeOf } from '../../src/report/exit-code.js';
import type { AuditResult, HostAudit, HostPlanned } from '../../src/report/model.js';
import type { Connector } from '../../src/ssh/connect.js';
import { settled } from '../../src/pipeline/judge.js';
import { survey } from '../../src/pipeline/survey.js';
import { directExaminer } from './direct-examiner.js';
import { FakeSession } from '../fake/fake-session.js';
import { probeAnswer } from '../nodes/recorded-node.js';

const baseline = parsePlaybook(
  'baseline',
  readFileSync(new URL('../../playbooks/baseline.yaml', import.meta.url), 'utf8'),
);
const host = { name: 'n1', role: 'worker', address: '10.0.0.1', ssh: { jump: [] } } as unknown as Host;
const unasked = { kind: 'timeout', message: 'no answer', hint: 'try again' } as const;

/** Arguments of every run of the probe. */
const asked: (readonly string[])[] = [];
const noEvidence = { clientCertificates: [], clusterCa: undefined };

/** The host as a recorded node answers; its ports cannot be asked. */
async function planned(
  name: string,
  cluster?: Cluster,
  of: Host = host,
  more?: string,
  playbooks: readonly Playbook[] = [baseline],
): Promise<HostPlanned> {
  const answer = probeAnswer(name);
  const session = new FakeSession()
    .onRun(
      ({ args }) => asked.push(args) > 0,
      more === undefined ? answer : answer.replace(/\nend\n$/, `\n${more}\nend\n`),
    )
    .onOpen(() => true, { error: unasked });
  const connector = { connect: () => Promise.resolve(ok(session)) } as unknown as Connector;
  const goal = { playbooks, plan: { moveArguments: false, acceptPendingEdits: false } };
  const options = { connector, examiner: directExaminer, cluster, forks: 1, timeout: 1000, report: () => undefined };
  const [one] = await survey([of], () => goal, options);
  if (one === undefined) throw new Error('nothing surveyed');
  return one.result.ok ? settled(one.result.value.draft, noEvidence) : one.result.error;
}

/** A cluster that knows the node by its name, and its version, and cannot reach its kubelet. */
function clusterWith(kubeletVersion: string): Cluster {
  const node = { name: 'node1', ready: 'True', kubeletVersion, addresses: ['10.0.0.1'] };
  return {
    view: () => Promise.resolve(ok(new Map([[node.name, node]]))),
    configz: () => Promise.resolve(fail({ message: 'no answer' })),
  } as unknown as Cluster;
}

const portOf = ({ findings }: HostAudit): string | undefined =>
  findings.find(({ rule }) => rule === 'read-only-port')?.status;

describe('a server without a kubelet', () => {
  it('is not judged, with the reason and what to do, and counts as that', async () => {
    const audit = await planned('k3s-disable-agent');
    expect(audit).toMatchObject({
      status: 'unreadable',
      findings: [],
      error: {
        message:
          'no kubelet runs on this host: k3s.service runs k3s with disable-agent (/etc/rancher/k3s/config.yaml:2)',
        hint: 'if that is intended, remove the host from the inventory',
      },
    });
    expect(exitCodeOf({ kind: 'audit', hosts: [audit] } as unknown as AuditResult)).toBe(3);
    expect([audit.status, audit.plan]).toEqual(['unreadable', undefined]);
  });
});

describe('playbooks that are not for every node', () => {
  const judgedBy = async (name: string, ...given: readonly string[]) => {
    const { findings, notes } = await planned(name, undefined, host, undefined, await loadPlaybooks(given));
    const names = new Set(findings.map(({ playbook }) => playbook).filter((one) => one !== 'kubelatch'));
    return [[...names], notes.filter((note) => note.includes('cis'))];
  };

  it.each([
    ['kubeadm-weak', 'cis-1.11', 'cis is cis-1.11 here (kubeadm, Kubernetes 1.31)'],
    ['k3s-server-1.33', 'k3s-cis', 'cis is k3s-cis here (k3s, Kubernetes 1.33)'],
    ['rke2-server-1.33', 'rke2-cis', 'cis is rke2-cis here (rke2, Kubernetes 1.33)'],
  ])('-p cis on %s is %s, and the host says so', async (name, chosen, note) => {
    expect(await judgedBy(name, 'cis')).toEqual([[chosen], [note]]);
  });

  it('one that is named is judged, and the host says that it is for others', async () => {
    const [names, notes] = await judgedBy('kubeadm-weak', 'k3s-cis');
    expect(names).toEqual(['k3s-cis']);
    expect(notes).toEqual([expect.stringMatching(/^k3s-cis is for k3s and may not fit this node, which is kubeadm; /)]);
  });
});

describe('a node that does not tell its version', () => {
  it.each([
    ['is judged by the version of its Node object', 'v1.32.2+k3s1', 'fail', 'v1.32.2+k3s1'],
    ['passes with one that closes the port by itself', 'v1.33.1+k3s1', 'pass', 'v1.33.1+k3s1'],
    ['is not known where that tells none', '', 'unknown', undefined],
  ])('%s', async (_, version, status, told) => {
    const audit = await planned('k3s-1.32-version-unknown', clusterWith(version));
    expect([portOf(audit), audit.kubeletVersion || undefined]).toEqual([status, told]);
  });

  it('is not known without the API server, and said so', async () => {
    const audit = await planned('k3s-1.32-version-unknown');
    const finding = audit.findings.find(({ rule }) => rule === 'read-only-port');
    expect(finding).toMatchObject({
      status: 'unknown',
      note: 'the version of k3s is unknown, and before 1.32.4 this port is open by default',
    });
  });
});

describe("a node that says it is another's Node", () => {
  const address = '10.0.0.9';
  const cluster = {
    ...clusterWith('v1.32.2+k3s1'),
    view: () => {
      const others = [
        { name: 'node1', ready: 'True', kubeletVersion: 'v1.32.2+k3s1', addresses: [address] },
        { name: 'other', ready: 'True', kubeletVersion: 'v1.32.2+k3s1', addresses: ['10.0.0.1'] },
      ];
      return Promise.resolve(ok(new Map(others.map((one) => [one.name, one]))));
    },
    configz: () => expect.fail('the other kubelet was asked'),
  } as unknown as Cluster;

  it('is judged by its own files alone, and not changed', async () => {
    const host1 = await planned('k3s-1.32-version-unknown', cluster);
    const claim =
      'the host reports the node name node1, but that Node does not have the address 10.0.0.1; that address belongs to Node other';
    expect(host1.notes).toContain(claim);
    expect([host1.nodeName, host1.plan, host1.refused?.reason]).toEqual([undefined, undefined, claim]);
    expect(host1.kubeletVersion || undefined).toBeUndefined();
  });
});

describe('a kubelet that another system owns', () => {
  const traits = {
    ...{
      labels: {},
      annotations: ['cluster.x-k8s.io/machine'],
      providerId: '',
      osImage: '',
      kubeletVersion: 'v1.31.4',
    },
  };
  const cluster = {
    ...clusterWith('v1.31.4'),
    view: () => Promise.resolve(ok(new Map([['node1', { ...node1, traits }]]))),
  } as unknown as Cluster;
  const node1 = { name: 'node1', ready: 'True', kubeletVersion: 'v1.31.4', addresses: ['10.0.0.1'] };
  const marker = `stat ${Buffer.from('/run/cluster-api/bootstrap-success.complete').toString('base64')} - . 644 0:0 root:root 0 1700000100 regular empty file`;

  it('is judged, and not changed where both signs are seen', async () => {
    const both = await planned('kubeadm-weak', cluster, host, marker);
    expect(both.plan).toBeUndefined();
    expect(both.refused?.reason).toMatch(/^Cluster API owns this kubelet’s configuration \(.*exists; the Node has/);
    expect(both.refused?.hint).toContain('KubeadmControlPlane');
    expect(both.findings.some(({ status }) => status === 'fail')).toBe(true);
  });

  it('is changed where one sign alone is seen', async () => {
    expect((await planned('kubeadm-weak', cluster)).plan?.edits).toHaveLength(1);
    expect((await planned('kubeadm-weak', clusterWith('v1.31.4'), host, marker)).plan?.edits).toHaveLength(1);
  });

  it('is looked for on every node, without reading a file', () => {
    expect(asked.at(-1)?.[3]).toContain('/etc/machine-config-daemon/currentconfig');
    expect(asked.at(-1)?.[2]).not.toContain('/etc/machine-config-daemon/currentconfig');
  });
});

it('a host that refuses sudo was reached: it is unreadable, and said to be', async () => {
  const error = { kind: 'sudo-password', message: 'sudo rejected the password of ops 3 times', hint: 'x' } as const;
  const session = new FakeSession().onRun(() => true, { error });
  const connector = { connect: () => Promise.resolve(ok(session)) } as unknown as Connector;
  const events: unknown[] = [];
  const options = { connector, examiner: directExaminer, cluster: undefined, forks: 1, timeout: 1000 };
  const report = (event: unknown): void => void events.push(event);
  const [one] = await survey([host], () => ({ playbooks: [baseline], plan: undefined }), { ...options, report });
  expect(one?.result).toMatchObject({ ok: false, error: { status: 'unreadable', error } });
  expect(events.at(-1)).toEqual({ event: 'unreadable', host: 'n1', reason: error.message });
});

describe('a host, where its jump host breaks while it is read', () => {
  const lost = { kind: 'lost', message: 'the connection was lost', hint: 'try again' } as const;
  const broken = (): FakeSession =>
    Object.assign(
      new FakeSession().onRun(() => true, { error: lost }),
      { lostBastion: () => true },
    );
  const good = (): FakeSession =>
    new FakeSession().onRun(() => true, probeAnswer('kubeadm-weak')).onOpen(() => true, { error: unasked });

  /** The state of the host, and how many of the sessions were used and closed. */
  async function readOver(sessions: readonly FakeSession[]): Promise<readonly [string, number]> {
    const left = [...sessions];
    const connect = () => Promise.resolve(ok(left.shift()));
    const goal = { playbooks: [baseline], plan: undefined };
    const connector = { connect } as unknown as Connector;
    const options = { connector, examiner: directExaminer, forks: 1, timeout: 1000, report: () => undefined };
    const [one] = await survey([host], () => goal, { ...options, cluster: undefined });
    const status = one?.result.ok === true ? 'judged' : (one?.result.error.status ?? '');
    return [status, sessions.filter(({ closed }) => closed).length];
  }

  it('is read again from the beginning', async () => {
    expect(await readOver([broken(), good(), good()])).toEqual(['judged', 2]);
  });

  it('is read again, too, if only the ports were not heard', async () => {
    const late = Object.assign(good(), { lostBastion: () => true });
    expect(await readOver([late, good()])).toEqual(['judged', 2]);
  });

  it('is unreadable after three times', async () => {
    expect(await readOver([broken(), broken(), broken(), good()])).toEqual(['unreachable', 3]);
  });

  it('is read once if the jump host is well and the host breaks', async () => {
    const alone = new FakeSession().onRun(() => true, { error: lost });
    expect(await readOver([alone, good()])).toEqual(['unreachable', 1]);
  });
});
