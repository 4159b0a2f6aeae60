import { describe, expect, it } from 'vitest';
import { createCluster } from '../../src/cluster/cluster.js';
import { isBreaking } from '../../src/consumers/findings.js';
import { parseConnections } from '../../src/consumers/connections.js';
import type { Watched } from '../../src/consumers/watch.js';
import type { RequestGrowth } from '../../src/consumers/counters.js';
import { fail, ok } from '../../src/lib/result.js';
import { closingOf, findConsumers, refuseWebhook } from '../../src/pipeline/consumers.js';
import { notesAfter } from '../../src/pipeline/consumers-after.js';
import type { Run } from '../../src/pipeline/context.js';
import type { Surveyed } from '../../src/pipeline/survey.js';
import { hostOutcome } from '../../src/run/outcome.js';
import { exitCodeOf } from '../../src/report/exit-code.js';
import { type ApiAnswers, apiServer, daemonSets, pod, workload } from '../consumers/objects.js';
import { FakeSession } from '../fake/fake-session.js';
import { auditResult, finding, hostAudit, hostPlan } from '../report/samples.js';

/** 10.0.0.1 to 10.0.0.3 as the kernel writes them, and pods' addresses. */
const hex = {
  n1: '0100000A',
  n2: '0200000A',
  cp1: '0300000A',
  agent: '05000A0A',
  loopback: '0100007F',
  far: '09090909',
};
const node = (name: string, ip: string, labels = {}): object => ({
  metadata: { name, labels },
  status: { addresses: [{ type: 'InternalIP', address: ip }], nodeInfo: { kubeletVersion: 'v1.31.2' } },
});
const nodes = [
  node('n1', '10.0.0.1'),
  node('n2', '10.0.0.2'),
  node('cp1', '10.0.0.3', { 'node-role.kubernetes.io/control-plane': '' }),
];
const agentPod = pod('agent-x', {
  image: 'acme/agent',
  ip: '10.10.0.5',
  uid: '0aa7b2a1-9df0-4c41-9a32-0d3b7c7e1a11',
  owner: { kind: 'DaemonSet', name: 'agent' },
  serviceAccount: 'agent',
});

const clusterOf = ({ lists = {}, ...rest }: ApiAnswers) =>
  createCluster(
    apiServer({
      lists: {
        '/api/v1/nodes': nodes,
        '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases': [],
        '/api/v1/pods': [agentPod],
        ...lists,
      },
      ...rest,
    }),
  );

interface Seen {
  readonly lines?: readonly string[];
  readonly growth?: readonly RequestGrowth[];
}
const watched = ({ lines = [], growth = [] }: Seen): Watched => {
  const connections = parseConnections([...lines, 'end', ''].join('\n'));
  if (connections === undefined) throw new Error('the test’s lines do not end');
  const ports = { readOnly: [10255], kubelet: [10250], api: [10250], unit: 'kubelet.service' };
  return { ...ports, seconds: 5, counters: ok(growth), connections: ok(connections) };
};
const surveyed = (name: string, one: Watched | undefined): Surveyed =>
  ({ host: { name }, result: ok({ draft: { host: hostAudit(name) }, watched: one }) }) as unknown as Surveyed;

const everything = { readOnly: ['n1', 'n2'], anonymous: ['n1', 'n2'], webhook: [] };
const consumersOf = (seen: Readonly<Record<string, Seen>>, answers: ApiAnswers = {}, closing = everything) =>
  findConsumers(
    {},
    Object.entries(seen).map(([name, one]) => surveyed(name, watched(one))),
    closing,
    clusterOf(answers),
  );
const scraped: readonly RequestGrowth[] = [{ server: 'readonly', path: '/metrics/cadvisor', count: 3, total: 900 }];
const line = (how: 'in' | 'out', from: string, to: string, port: '280F' | '280A'): string =>
  how === 'in' ? `in ${to}:${port} ${from}:A000` : `out ${from}:A000 ${to}:${port}`;
const base64 = (text: string): string => `${Buffer.from(text).toString('base64')}.`;
const from = (at: string, to: string, port: string, name: string, cgroup: string): string =>
  `from ${at}:A000 ${to}:${port} 42 ${base64(name)} ${base64(cgroup)}`;

describe('what closes', () => {
  it('is what fails, host by host', () => {
    const readOnly = finding({ rule: 'read-only-port', setting: 'readOnlyPort' });
    const hosts = [
      hostAudit('n1', { findings: [readOnly, finding()] }),
      hostAudit('n2', { findings: [finding({ status: 'pass' })] }),
    ];
    expect(closingOf(hosts)).toEqual({ readOnly: ['n1'], anonymous: ['n1'], webhook: [] });
  });
});

describe('a client of the read-only port', () => {
  it('is named by its owner, with the strongest evidence first', async () => {
    const seen = { n1: { lines: [line('in', hex.agent, hex.n1, '280F')], growth: scraped } };
    const { findings } = await consumersOf(seen);
    expect(findings).toEqual([
      {
        rule: 'consumer-read-only-port',
        title: 'No client depends on the read-only port',
        severity: 'high',
        status: 'fail',
        object: 'DaemonSet monitoring/agent',
        message: 'It reads the read-only port now. Its connections are refused once readOnlyPort is 0.',
        evidence: [
          'n1: the kubelet counted 3 requests for /metrics/cadvisor on port 10255 in 5 s, 900 since it started',
          'n1: port 10255 is connected to 10.10.0.5',
        ],
        fix: [
          'use https://NODE:10250 with the token of its ServiceAccount (/var/run/secrets/kubernetes.io/serviceaccount/token)',
          'kubectl create clusterrole agent-kubelet --verb=get --resource=nodes/metrics',
          'kubectl create clusterrolebinding agent-kubelet --clusterrole=agent-kubelet --serviceaccount=monitoring:agent',
        ].join('\n'),
      },
    ]);
  });

  it('is told of once, with what it is set up to do', async () => {
    const seen = {
      n1: { lines: [line('in', hex.agent, hex.n1, '280F')] },
      n2: { lines: [line('in', hex.agent, hex.n2, '280F')] },
    };
    const parts = { image: 'acme/agent', args: ['http://n1:10255'], serviceAccount: 'agent' };
    const { findings } = await consumersOf(seen, {
      lists: { [daemonSets]: [workload('agent', parts)] },
      allows: () => true,
    });
    expect(findings).toHaveLength(1);
    expect(findings[0]?.evidence).toEqual([
      'n1: port 10255 is connected to 10.10.0.5',
      'n2: port 10255 is connected to 10.10.0.5',
      'container main: http://n1:10255',
    ]);
    // It has the rights already.
    expect(findings[0]?.fix).not.toContain('kubectl');
  });

  it.each([
    [
      'a pod in the node’s own network',
      from(hex.loopback, hex.loopback, '280F', 'python3', '0::/kubepods/pod0aa7b2a1-9df0-4c41-9a32-0d3b7c7e1a11/c'),
      'DaemonSet monitoring/agent',
    ],
    [
      'a service',
      from(hex.n1, hex.n1, '280F', 'curl', '0::/system.slice/scrape.service'),
      'Process curl (scrape.service) on Node n1',
    ],
    ['a process that has ended', line('in', hex.loopback, hex.loopback, '280F'), 'Node n1'],
    ['another Node', line('in', hex.n2, hex.n1, '280F'), 'Node n2'],
    ['an address of nobody', line('in', hex.far, hex.n1, '280F'), 'Address 9.9.9.9'],
  ])('may be %s', async (_, one, object) => {
    const { findings } = await consumersOf({ n1: { lines: [one] } });
    expect(findings).toMatchObject([{ rule: 'consumer-read-only-port', status: 'fail', object }]);
  });

  it('is told once where both of its ends are seen', async () => {
    const process = from(hex.n2, hex.n1, '280F', 'curl', '0::/system.slice/scrape.service');
    const { findings } = await consumersOf({
      n1: { lines: [line('in', hex.n2, hex.n1, '280F')] },
      n2: { lines: [process] },
    });
    expect(findings.map(({ object }) => object)).toEqual(['Process curl (scrape.service) on Node n2']);
  });

  it('that only counters tell of is somebody', async () => {
    const { findings } = await consumersOf({ n1: { growth: scraped } });
    expect(findings).toMatchObject([{ status: 'fail', severity: 'high', object: 'Node n1' }]);
    const idle = await consumersOf({ n1: { growth: [{ server: 'readonly', path: '/metrics', count: 0, total: 7 }] } });
    expect(idle.findings).toMatchObject([{ status: 'unknown', object: 'Node n1' }]);
  });
});

describe('a client of port 10250', () => {
  const seen = { n1: { lines: [line('in', hex.agent, hex.n1, '280A')] } };

  it('without any right breaks', async () => {
    const { findings } = await consumersOf(seen);
    expect(findings).toMatchObject([
      { rule: 'consumer-anonymous', status: 'fail', severity: 'high', object: 'DaemonSet monitoring/agent' },
    ]);
    expect(findings[0]?.message).toBe(
      'It uses port 10250, and ServiceAccount monitoring/agent has no rights on kubelets. After the change, requests without credentials get 401.',
    );
  });

  it('with rights does not', async () => {
    const allows = (user: string, _: string, sub: string): boolean => user.endsWith(':agent') && sub === 'metrics';
    expect((await consumersOf(seen, { allows })).findings).toEqual([]);
  });

  it('whose rights cannot be asked is not known', async () => {
    const { findings } = await consumersOf(seen, { allows: () => undefined });
    expect(findings).toMatchObject([{ status: 'unknown' }]);
  });

  it.each([
    ['from a node of the control plane', line('in', hex.cp1, hex.n1, '280A')],
    ['from a worker, behind which a pod may be', line('in', hex.n2, hex.n1, '280A')],
    ['of the API server', from(hex.n1, hex.n1, '280A', 'kube-apiserver', '0::/system.slice/api.service')],
    ['of what runs the kubelet', from(hex.loopback, hex.loopback, '280A', 'agent', '0::/system.slice/kubelet.service')],
    ['to a pod that listens on 10250, too', from(hex.n1, '0700000B', '280A', 'curl', '0::/system.slice/x.service')],
  ])('is no finding %s', async (_, one) => {
    expect((await consumersOf({ n1: { lines: [one] } })).findings).toEqual([]);
  });

  it('is no finding where it carries the API server’s requests', async () => {
    const agent = pod(
      'k-1',
      { image: 'registry.k8s.io/kas-network-proxy/proxy-agent:v0.33', ip: '10.10.0.5' },
      'kube-system',
    );
    expect((await consumersOf(seen, { lists: { '/api/v1/pods': [agent] } })).findings).toEqual([]);
  });

  it('that is nobody known is not known', async () => {
    const { findings } = await consumersOf({ n1: { lines: [line('in', hex.far, hex.n1, '280A')] } });
    expect(findings).toMatchObject([{ status: 'unknown', object: 'Address 9.9.9.9' }]);
    const objects = {
      '/api/v1/namespaces/default/endpoints/kubernetes': { subsets: [{ addresses: [{ ip: '9.9.9.9' }] }] },
    };
    expect((await consumersOf({ n1: { lines: [line('in', hex.far, hex.n1, '280A')] } }, { objects })).findings).toEqual(
      [],
    );
  });
});

describe('no false alarm', () => {
  it('where nothing uses the ports', async () => {
    const own: readonly RequestGrowth[] = [
      { server: 'readonly', path: '/pods', count: 0, total: 12 },
      { server: 'readwrite', path: '/configz', count: 4, total: 40 },
    ];
    expect((await consumersOf({ n1: { growth: own }, n2: {} })).findings).toEqual([]);
  });

  it('where nothing closes, whoever is there', async () => {
    const lists = { [daemonSets]: [workload('agent', { image: 'acme/agent', args: ['http://n1:10255'] })] };
    const seen = { n1: { lines: [line('in', hex.agent, hex.n1, '280F')], growth: scraped } };
    const nothing = { readOnly: [], anonymous: [], webhook: [] };
    expect((await consumersOf(seen, { lists }, nothing)).findings).toEqual([]);
  });
});

it('what could not be looked at is told, and passes for nothing', async () => {
  const blind = { ...watched({}), counters: fail('forbidden'), connections: fail('no shell') };
  const { findings } = await findConsumers(
    {},
    [surveyed('n1', blind)],
    everything,
    clusterOf({ lists: { '/api/v1/configmaps': 403 } }),
  );
  expect(findings.map(({ status, object, message }) => [status, object, message])).toEqual([
    [
      'unknown',
      'Node n1',
      'The counters of this kubelet could not be read, so that clients may have been missed: forbidden.',
    ],
    ['unknown', undefined, 'The cluster was not searched as a whole, so that clients may have been missed.'],
  ]);
});

it('--fail-on-consumers counts those that break, and no others', async () => {
  const { findings } = await consumersOf({ n1: { growth: scraped } });
  const result = { ...auditResult([hostAudit('n1')]), clusterFindings: findings };
  expect(exitCodeOf(result)).toBe(0);
  expect(exitCodeOf(result, { failOnConsumers: true })).toBe(2);
  const others = findings.map((one) => ({ ...one, rule: 'consumer-nodes-proxy' }));
  expect(exitCodeOf({ ...result, clusterFindings: others }, { failOnConsumers: true })).toBe(0);
  expect(findings.filter(isBreaking)).toHaveLength(1);
});

it('hosts that would shut out the API server are refused, and no others', () => {
  const lacking = { rule: 'api-server-identity', status: 'fail', message: 'it lacks rights', fix: 'bind it' } as never;
  const mode = { kind: 'setting', id: 'authorization-mode', setting: 'authorization.mode' };
  const playbooks = [{ rules: [mode] }] as never;
  const hosts = [
    { ...hostAudit('n1'), plan: hostPlan('n1', { fixes: ['authorization-mode'] }) },
    { ...hostAudit('n2'), plan: hostPlan('n2', { fixes: ['read-only-port'] }) },
  ];
  const [first, second] = refuseWebhook(hosts, [lacking], playbooks);
  expect([first?.plan, first?.refused]).toEqual([undefined, { reason: 'it lacks rights', hint: 'bind it' }]);
  expect(second).toBe(hosts[1]);
  expect(refuseWebhook(hosts, [], playbooks)).toBe(hosts);
});

describe('after the change', () => {
  const before = { n1: { lines: [line('in', hex.agent, hex.n1, '280F')], growth: scraped } };
  const notes = async (lines: readonly string[]): Promise<readonly string[]> => {
    const session = new FakeSession('n1').onRun(() => true, [...lines, 'end', ''].join('\n'));
    const objects = { '/api/v1/nodes/n1/proxy/metrics': 'up 1\n' };
    const run = {
      hosts: [{ name: 'n1', ssh: { jump: [] } }],
      connector: { connect: () => Promise.resolve(ok(session)) },
      consumers: { observe: 1000, scanSecrets: false, failOn: false },
      forks: 1,
      timeout: 1000,
    } as unknown as Run;
    return notesAfter(run, clusterOf({ objects }), await consumersOf(before), [hostOutcome('n1', 'confirmed')]);
  };

  it('a client that moved is told of', async () => {
    expect(await notes([line('in', hex.agent, hex.n1, '280A')])).toEqual([
      'DaemonSet monitoring/agent used the read-only port before the change, and uses port 10250 of n1 now',
    ]);
  });

  it('so is one that is not seen any more', async () => {
    const [note, ...more] = await notes([]);
    expect(more).toEqual([]);
    expect(note).toMatch(
      /^DaemonSet monitoring\/agent used the read-only port before the change, and was not seen in [\d.]+ s after it/,
    );
  });

  it('nobody is asked again where no host was changed', async () => {
    const asked = await notesAfter({} as Run, clusterOf({}), await consumersOf(before), [
      hostOutcome('n1', 'reverted'),
    ]);
    expect(asked).toEqual([]);
  });
});
