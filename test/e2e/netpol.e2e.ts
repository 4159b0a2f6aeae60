/** Network policies: taken by the API server, changed and removed again; and on nodes, what the nftables table closes and leaves open. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubeletDoors, openBridgePod, otherDoors, podNetwork } from './bridge-pod.js';
import { policyCrds } from './policy-crds.js';
import { openScene } from './scene.js';

const scene = openScene();
const { lab } = scene;
const everyNode = scene.inventory(Object.keys(lab.nodes));

interface Netpol {
  readonly policy: string | null;
  readonly manifests: readonly { readonly kind: string; readonly spec: object }[];
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly clusterFindings: readonly { readonly rule: string; readonly status: string; readonly message: string }[];
  readonly changes: readonly { readonly object: string; readonly outcome: string; readonly diff: string }[];
}

const kubectl = (args: readonly string[], input = ''): string =>
  execFileSync(lab.kubectl, ['--kubeconfig', lab.kubeconfig, ...args], {
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
const netpol = (...args: readonly string[]): Promise<Netpol> => scene.result(0, ['netpol', '-i', everyNode, ...args]);
const definitions = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: policyCrds });
const done = ({ changes }: Netpol): string[] => changes.map(({ object, outcome }) => `${object} ${outcome}`);

describe.runIf(lab.kind === 'real')('at the API server', () => {
  let isOld = false;
  /** Before 1.22 an API server drops endPort; before 1.21 it does not label namespaces with their names. */
  let shop: readonly string[] = [];

  beforeAll(async () => {
    const { minor } = JSON.parse((await lab.get('/version')).body) as { minor: string };
    isOld = parseInt(minor, 10) < 22;
    shop = ['--cni', 'kube-router', '--namespace', 'shop', ...(isOld ? ['--allow-node-port', 'none'] : [])];
    kubectl(['create', 'namespace', 'shop']);
    kubectl(['apply', '-f', '-'], definitions);
    kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']);
  });
  afterAll(() => {
    kubectl(['delete', 'namespace', 'shop', '--wait=false']);
    kubectl(['delete', '-f', '-'], definitions);
  });

  it('knows every address of every node, as the nodes tell them', async () => {
    const { clusterFindings, manifests } = await netpol(...shop);
    expect(clusterFindings.map(({ rule, status }) => `${rule} ${status}`)).toEqual([
      'network-policies-enforced pass',
      'node-addresses-known pass',
    ]);
    const written = JSON.stringify(manifests);
    for (const [name, { address }] of Object.entries(lab.nodes)) {
      expect(written).toContain(`"${address}/32"`);
      const own = (await lab.on(name, "ip -o -4 addr show scope global | awk '{print $4}'")).stdout.trim().split('\n');
      for (const one of own) expect(written).toContain(`"${one.replace(/\/.*/, '')}/32"`);
    }
  });

  it('prints what kubectl applies', async () => {
    for (const policy of ['network-policy', 'default-deny']) {
      const dns = policy === 'default-deny' ? ['--dns', 'kube-system/k8s-app=kube-dns'] : [];
      const ran = await scene.kubelatch(['netpol', '-i', everyNode, ...shop, '--policy', policy, ...dns]);
      expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('It does not reach:') as string });
      expect(kubectl(['apply', '--dry-run=server', '-f', '-'], ran.stdout)).toContain('created (server dry run)');
    }
  });

  it('is asked what it would drop, where it is old', async () => {
    const ran = await scene.kubelatch(['netpol', '-i', everyNode, '--cni', 'kube-router', '--namespace', 'shop']);
    if (isOld) expect(ran).toMatchObject({ code: 64, stderr: expect.stringContaining('--allow-node-port') as string });
    else expect(ran.stdout).toContain('endPort: 10249');
  });

  it('gets a policy, the same again, another one, and none', async () => {
    const name = 'NetworkPolicy shop/kubelatch-no-kubelet';
    expect(done(await netpol(...shop, '--apply', '--yes'))).toEqual([`${name} created`]);
    const held = (): string => kubectl(['get', 'networkpolicy', '-n', 'shop', 'kubelatch-no-kubelet', '-o', 'yaml']);
    const first = held();
    expect(done(await netpol(...shop, '--apply', '--yes'))).toEqual([`${name} unchanged`]);
    expect(held()).toBe(first);
    const other = isOld ? shop.map((one) => (one === 'none' ? '9100' : one)) : [...shop, '--kubelet-port', '9999'];
    const changed = await netpol(...other, '--apply', '--yes');
    expect(done(changed)).toEqual([`${name} updated`]);
    expect(changed.changes[0]?.diff).toMatch(/^[+-] /m);
    kubectl(['create', '-n', 'shop', '-f', '-'], JSON.stringify(foreign));
    expect(done(await scene.result<Netpol>(0, ['netpol', 'remove', '-i', everyNode, '--yes']))).toEqual([
      `${name} removed`,
    ]);
    expect(kubectl(['get', 'networkpolicy', '-A', '-o', 'name'])).toBe('networkpolicy.networking.k8s.io/theirs\n');
  });

  it('has an object of that name already, and it is somebody else’s', async () => {
    const metadata = { name: 'kubelatch-no-kubelet' };
    kubectl(['create', '-n', 'shop', '-f', '-'], JSON.stringify({ ...foreign, metadata }));
    const ran = await scene.kubelatch(['netpol', '-i', everyNode, ...shop, '--apply', '--yes']);
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('without the label') as string });
    kubectl(['delete', 'networkpolicy', '-n', 'shop', 'kubelatch-no-kubelet']);
  });

  it.each([
    ['cilium', ['--cni', 'cilium', '--cni-version', '1.17.3'], ['CiliumClusterwideNetworkPolicy kubelatch-no-kubelet']],
    [
      'calico',
      ['--cni', 'calico', '--cni-version', '3.29.1'],
      ['Tier kubelatch', 'GlobalNetworkPolicy kubelatch.no-kubelet'],
    ],
    ['cluster-network-policy', ['--cni', 'kindnet'], ['ClusterNetworkPolicy kubelatch-no-kubelet']],
    ['admin-network-policy', ['--cni', 'ovn-kubernetes'], ['AdminNetworkPolicy kubelatch-no-kubelet']],
  ])('takes the policy %s by its schema', async (policy, cni, objects) => {
    const args = [...cni, '--policy', policy, '--allow-namespace', 'monitoring,kube-system', '--apply', '--yes'];
    if (isOld && policy !== 'cilium') {
      const ran = await scene.kubelatch(['netpol', '-i', everyNode, ...args]);
      expect(ran).toMatchObject({ code: 64, stderr: expect.stringContaining('does not label namespaces') as string });
      return;
    }
    expect(done(await netpol(...args))).toEqual(objects.map((one) => `${one} created`));
    expect(done(await netpol(...args))).toEqual(objects.map((one) => `${one} unchanged`));
    const removed = done(await scene.result<Netpol>(0, ['netpol', 'remove', '-i', everyNode, '--yes']));
    expect(removed).toEqual(objects.map((one) => `${one} removed`).reverse());
  });
});

const foreign = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'theirs' },
  spec: { podSelector: {}, policyTypes: ['Ingress'] },
};

describe('on the nodes', () => {
  const { address, must, opens, doors } = openBridgePod(lab);
  const [open, closed] = [kubeletDoors(true), kubeletDoors(false)];

  afterAll(async () => {
    const clean = `systemctl disable --now kubelatch-nftables 2>/dev/null
      rm -rf /etc/kubelatch /etc/systemd/system/kubelatch-nftables.service; systemctl daemon-reload`;
    for (const name of ['n1', 'n2', 'cp1']) await lab.on(name, clean);
  });

  it('a pod reaches the kubelet of its own node and of another before, and neither afterwards', async () => {
    expect(await doors()).toEqual({ ...open, ...otherDoors });
    const { files } = await netpol('--policy', 'nftables', '--cni', 'bridge', '--pod-cidr', podNetwork);
    for (const name of ['n1', 'n2']) {
      for (const { path, text } of files)
        await must(
          name,
          `mkdir -p "$(dirname ${path})"; base64 -d >${path} <<'END'\n${Buffer.from(text).toString('base64')}\nEND`,
        );
      await must(name, 'systemctl daemon-reload; systemctl enable -q --now kubelatch-nftables');
    }
    expect(await doors()).toEqual({ ...closed, ...otherDoors });
    // Loaded again it is the same table, and not a second one.
    await must('n1', 'systemctl reload kubelatch-nftables');
    expect((await must('n1', 'nft list tables')).match(/inet kubelatch/g)).toHaveLength(1);
    expect(await doors()).toEqual({ ...closed, ...otherDoors });
  });

  it('a pod at an allowed address reaches it still', async () => {
    const args = ['--policy', 'nftables', '--cni', 'bridge', '--pod-cidr', podNetwork, '--allow-address', '10.244.1.2'];
    const [table] = (await netpol(...args)).files;
    await must('n1', `base64 -d <<'END' | nft -f -\n${Buffer.from(table?.text ?? '').toString('base64')}\nEND`);
    expect(await opens('pod', address('n1'), 10250)).toBe(true);
  });

  it('and everything is as it was once the unit is stopped', async () => {
    for (const name of ['n1', 'n2']) await must(name, 'systemctl stop kubelatch-nftables');
    expect(await must('n1', 'nft list tables')).not.toContain('kubelatch');
    expect(await doors()).toEqual({ ...open, ...otherDoors });
  });
});
