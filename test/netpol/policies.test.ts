/** What an audit finds about policies without asking the nodes: no alarm without a reason, and never a pass for what was not read. */
import { describe, expect, it } from 'vitest';
import type { ClusterError, Gateway } from '../../src/cluster/gateway.js';
import { fail, ok } from '../../src/lib/result.js';
import { policyFindings } from '../../src/netpol/policies.js';

const refused = (status: number): ClusterError => ({ kind: 'refused', status, message: `HTTP ${status}: no` });
const daemonSet = (name: string): object => ({ metadata: { name, namespace: 'kube-system' } });
const own = { 'app.kubernetes.io/managed-by': 'kubelatch' };
const policy = (name: string, spec: object, labels = {}, namespace?: string): object => ({
  metadata: { name, labels, ...(namespace === undefined ? {} : { namespace }) },
  spec,
});
const core = 'networking.k8s.io/v1';
const egress = { egress: [] };

interface Cluster {
  readonly cni?: string;
  readonly config?: Readonly<Record<string, string>> | number;
  /** Objects by `GROUP/VERSION/PLURAL`, or the status of the refusal. */
  readonly policies?: Readonly<Record<string, readonly object[] | number>>;
  readonly nodesMayFilter?: boolean;
  readonly everywhere?: boolean;
}

/** `RULE STATUS` of each finding, its message, and what was asked. */
async function found({ cni, config = {}, policies = {}, nodesMayFilter = false, everywhere = false }: Cluster) {
  const asked: string[] = [];
  const lists = new Map<string, readonly object[] | number>([
    ['/apis/apps/v1/daemonsets', cni === undefined ? [] : [daemonSet(cni)]],
    ...Object.entries({ [`${core}/networkpolicies`]: [], ...policies }).map(
      ([path, items]) => [`/apis/${path}`, items] as const,
    ),
  ]);
  const groups = [...lists.keys()].map((path) => ({ groupVersion: path.split('/').slice(2, 4).join('/') }));
  const get: Gateway['get'] = (path) => {
    const { pathname } = new URL(path, 'http://api');
    asked.push(pathname);
    if (pathname === '/apis') return Promise.resolve(ok({ groups: [{ versions: groups }] }));
    if (pathname.endsWith('/cilium-config'))
      return Promise.resolve(typeof config === 'number' ? fail(refused(config)) : ok({ data: config }));
    const items = lists.get(pathname) ?? 404;
    return Promise.resolve(typeof items === 'number' ? fail(refused(items)) : ok({ items }));
  };
  const gateway = { get } as unknown as Gateway;
  const findings = await policyFindings(gateway, { mayFilter: nodesMayFilter, everywhere });
  const told = findings.map(
    ({ rule, status }) => `${rule === 'network-policies-enforced' ? 'enforced' : 'kept-out'} ${status}`,
  );
  return { told, asked, findings, last: findings.at(-1) };
}

describe('whether policies are enforced', () => {
  it.each<[string, Cluster, readonly string[]]>([
    ['flannel', { cni: 'kube-flannel-ds' }, ['enforced fail']],
    [
      'flannel, and nodes that may filter by themselves',
      { cni: 'kube-flannel-ds', nodesMayFilter: true },
      ['enforced unknown'],
    ],
    ['no DaemonSet that is known', {}, ['enforced unknown']],
    ['an engine that is not known', { cni: 'azure-npm' }, ['enforced unknown']],
    ['Cilium that only logs', { cni: 'cilium', config: { 'policy-audit-mode': 'true' } }, ['enforced fail']],
    ['Cilium whose configuration was not read', { cni: 'cilium', config: 403 }, ['enforced unknown']],
    ['Calico', { cni: 'calico-node' }, ['enforced pass', 'kept-out fail']],
  ])('%s', async (_, cluster, expected) => {
    expect((await found(cluster)).told).toEqual(expected);
  });

  it('is unknown where DaemonSets cannot be listed, with the reason', async () => {
    const get = (): ReturnType<Gateway['get']> => Promise.resolve(fail(refused(403)));
    const findings = await policyFindings({ get } as unknown as Gateway, { mayFilter: false, everywhere: false });
    expect(findings).toMatchObject([{ rule: 'network-policies-enforced', status: 'unknown' }]);
    expect(findings[0]?.message).toContain('HTTP 403');
  });

  it('asks for no policies where none would count', async () => {
    expect((await found({ cni: 'kube-flannel-ds' })).asked).toEqual(['/apis/apps/v1/daemonsets']);
    expect((await found({})).asked).toEqual(['/apis/apps/v1/daemonsets']);
  });
});

describe('whether a policy keeps pods out', () => {
  const calico = (policies: Cluster['policies'] = {}) => found({ cni: 'calico-node', policies });
  it.each<[string, Cluster['policies'], string]>([
    ['policies of ingress alone', { [`${core}/networkpolicies`]: [policy('p', { ingress: [] }, {}, 'a')] }, 'fail'],
    ['somebody’s egress policy', { [`${core}/networkpolicies`]: [policy('p', egress, {}, 'a')] }, 'unknown'],
    [
      'one that closes all egress',
      { [`${core}/networkpolicies`]: [policy('p', { policyTypes: ['Egress'] }, {}, 'a')] },
      'unknown',
    ],
    ['ours, of one namespace', { [`${core}/networkpolicies`]: [policy('p', egress, own, 'a')] }, 'fail'],
    [
      'ours, of the whole cluster',
      { 'projectcalico.org/v3/globalnetworkpolicies': [policy('k.p', egress, own)] },
      'pass',
    ],
    [
      'one of Calico for nodes, perhaps',
      { 'projectcalico.org/v3/globalnetworkpolicies': [policy('h', { ingress: [] })] },
      'unknown',
    ],
    ['a kind that may not be listed', { 'projectcalico.org/v3/globalnetworkpolicies': 403 }, 'unknown'],
  ])('%s', async (_, policies, status) => {
    expect((await calico(policies)).told).toEqual(['enforced pass', `kept-out ${status}`]);
  });

  it('names what it saw, without what the text could break', async () => {
    const policies = { [`${core}/networkpolicies`]: [policy('p\n', egress, {}, 'a')] };
    expect((await calico(policies)).last?.evidence).toEqual([expect.stringMatching(/^NetworkPolicy a\/p[^\n]*$/)]);
  });

  it('counts our host policy of Cilium, which limits no egress', async () => {
    const ours = policy('kubelatch-kubelet-host', { nodeSelector: {}, ingressDeny: [] }, own);
    const policies = { 'cilium.io/v2/ciliumclusterwidenetworkpolicies': [ours] };
    expect((await found({ cni: 'cilium', policies })).told).toEqual(['enforced pass', 'kept-out pass']);
  });

  it('says where a pod still reaches the kubelet of its own node', async () => {
    const policies = { 'policy.networking.k8s.io/v1alpha2/clusternetworkpolicies': [policy('p', egress, own)] };
    const { told, last } = await found({ cni: 'kindnet', policies });
    expect(told).toEqual(['enforced pass', 'kept-out fail']);
    expect(last?.message).toContain('but not from that of their own node');
  });

  it('asks Calico’s definitions only where its API server is not there', async () => {
    const crd = 'crd.projectcalico.org/v1/globalnetworkpolicies';
    const both = await calico({ [crd]: [], 'projectcalico.org/v3/globalnetworkpolicies': [] });
    expect(both.asked.some((path) => path.includes('crd.'))).toBe(false);
    expect((await calico({ [crd]: [] })).asked).toContain(`/apis/${crd}`);
  });
});

it('is content with a packet filter on every host, whatever the CNI does', async () => {
  for (const cni of ['kube-flannel-ds', 'calico-node', undefined]) {
    const { last } = await found({ ...(cni === undefined ? {} : { cni }), everywhere: true });
    expect(last).toMatchObject({ rule: 'pods-kept-from-kubelets', status: 'pass' });
  }
});
