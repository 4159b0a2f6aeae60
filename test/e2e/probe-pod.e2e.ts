/** verify's probe pod on a real kubelet with containerd: what pods reach before a packet filter and after it, and that they end. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bringImages, probeImage } from '../lab/images.js';
import { callApi } from './api-objects.js';
import { openPodNetwork } from './pod-network.js';
import { type RunResult, outcomes } from './results.js';
import { openScene, plantAll, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
const nodes = ['n1', 'n2'];
const inventory = scene.inventory(nodes);
const network = '10.244.0.0/16';

interface Check {
  readonly check: string;
  readonly status: string;
  readonly from: string;
  readonly via?: string;
  readonly seen: string;
  readonly note?: string;
  readonly evidence: readonly string[];
}
interface Verified {
  readonly hosts: readonly { readonly host: string; readonly checks: readonly Check[] }[];
}

/** What pods were answered, by the host that was asked, the host of the pod, and the check. */
async function fromPods(image: string): Promise<Readonly<Record<string, Check>>> {
  const result = await scene.result<Verified>(0, ['verify', '-i', inventory, '--probe-image', image]);
  const found = result.hosts.flatMap(({ host, checks }) =>
    checks
      .filter(({ from }) => from === 'pod')
      .map((one) => [`${host} from ${one.via ?? ''}: ${one.check}`, one] as const),
  );
  return Object.fromEntries(found);
}
const seen = (checks: Readonly<Record<string, Check>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(checks).map(([name, { status, seen }]) => [name, `${status} ${seen}`]));
/** The same of every node, from its own pod and from the other node's. */
const everywhere = (each: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    nodes.flatMap((host) =>
      nodes.flatMap((via) => Object.entries(each).map(([check, text]) => [`${host} from ${via}: ${check}`, text])),
    ),
  );

/** Names of the namespaces that verify makes. */
async function left(): Promise<readonly string[]> {
  const { items } = JSON.parse((await callApi(lab, 'GET', '/api/v1/namespaces')).body) as {
    items: readonly { metadata: { name: string } }[];
  };
  return items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith('kubelatch-'));
}
const containers = async (node: string): Promise<string> =>
  (await lab.on(node, 'ctr -n k8s.io containers ls -q')).stdout.trim();

describe.runIf(lab.kind === 'real')('a pod on each node', () => {
  openPodNetwork(lab, nodes);
  beforeAll(async () => {
    await plantAll(lab, nodes);
    await bringImages(lab, nodes, [probeImage]);
  });
  afterAll(() => plantAll(lab, nodes));

  it('reaches the weak kubelet of its own node and of another one', async () => {
    const checks = await fromPods(probeImage.name);
    expect(seen(checks)).toEqual(
      everywhere({
        'anonymous-request-refused': 'fail 200',
        'read-only-port-closed': 'fail 200',
        'health-port-local': 'pass refused',
      }),
    );
    for (const { evidence } of Object.values(checks)) {
      expect(evidence.join('\n')).not.toMatch(/^127\./m);
      expect(evidence.at(-1)).toMatch(/^the API server, as a control: (200|401|403)$/);
    }
  });

  it('is refused once the kubelet takes no anonymous request, and reaches nothing behind the packet filter', async () => {
    const hardened = await scene.result<RunResult>(0, ['apply', '-i', inventory, ...swift]);
    expect(outcomes(hardened)).toEqual({ n1: 'confirmed', n2: 'confirmed' });
    expect(seen(await fromPods(probeImage.name))).toEqual(
      everywhere({
        'anonymous-request-refused': 'pass 401',
        'read-only-port-closed': 'pass refused',
        'health-port-local': 'pass refused',
      }),
    );
    const playbook = scene.file(
      'filter.yaml',
      `apiVersion: kubelatch.dev/v1
kind: Playbook
metadata: {name: filter, title: Keep pods out}
rules:
  - {id: filter, title: Keep pods out, severity: high, why: w, packetFilter: {podNetworks: [${network}]}}
`,
    );
    const filtered = await scene.result<RunResult>(0, ['apply', '-i', inventory, '-p', playbook, ...swift]);
    expect(outcomes(filtered)).toEqual({ n1: 'confirmed', n2: 'confirmed' });
    const closed = await fromPods(probeImage.name);
    expect(seen(closed)).toEqual(
      everywhere({
        'anonymous-request-refused': 'pass refused',
        'read-only-port-closed': 'pass refused',
        'health-port-local': 'pass refused',
      }),
    );
    // The API server is not behind the filter.
    for (const { evidence } of Object.values(closed))
      expect(evidence.at(-1)).toMatch(/^the API server, as a control: (200|401|403)$/);
  });

  it('leaves no namespace and no container behind', async () => {
    expect(await left()).toEqual([]);
    for (const node of nodes) await expect.poll(() => containers(node), { timeout: 60_000 }).toBe('');
  });
});
