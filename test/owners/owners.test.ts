/** Whose kubelet it is: a recorded node of each system with its Node object; two signs make it certain, one is a possibility. */
import { describe, expect, it } from 'vitest';
import type { NodeTraits } from '../../src/cluster/nodes.js';
import { ownerPaths, ownerPathsOn, recogniseOwners } from '../../src/owners/recognise.js';
import { ownedByOther, ownerFindings, ownerRefusal } from '../../src/owners/report.js';
import { owners } from '../../src/owners/table.js';
import { factsOf } from '../nodes/facts-of.js';
import { readNode, recordedNodes } from '../nodes/recorded-node.js';
import { managedNodes } from './managed-nodes.js';

const bare: NodeTraits = { labels: {}, annotations: [], providerId: '', osImage: '', kubeletVersion: 'v1.31.4' };
const names = (seen: ReturnType<typeof recogniseOwners>): string[] =>
  seen.map(({ owner, certain }) => `${owner.name}${certain ? '' : '?'}`);

describe.each(managedNodes)('$owner', ({ owner, files, traits }) => {
  const texts = Object.fromEntries(files.map((path) => [path, '']));
  const paths = ownerPathsOn(factsOf(texts));
  const whole = { ...bare, ...traits };

  it('is recognised by its files and its Node object', () => {
    const seen = recogniseOwners(paths, whole);
    expect(names(seen)[0]).toBe(owner);
    expect(seen[0]?.evidence.length).toBeGreaterThan(1);
    expect(seen[0]?.owner.setIn.length).toBeGreaterThan(20);
  });

  it('is not certain without one of the two', () => {
    const isByFilesAlone = traits === undefined;
    const isByObjectAlone = files.length === 0;
    const byFiles = recogniseOwners(paths, undefined).filter((one) => one.owner.name === owner);
    const byObject = recogniseOwners([], whole).filter((one) => one.owner.name === owner);
    expect(byFiles.some(({ certain }) => certain)).toBe(isByFilesAlone);
    expect(byObject.some(({ certain }) => certain)).toBe(isByObjectAlone);
    if (!isByFilesAlone) expect(ownerRefusal(byFiles)).toBeUndefined();
    if (!isByObjectAlone) expect(ownerRefusal(byObject)).toBeUndefined();
  });
});

it('has a node for every row of the table', () => {
  expect(managedNodes.map(({ owner }) => owner).sort()).toEqual(owners.map(({ name }) => name).sort());
});

describe('nobody owns', () => {
  const own = recordedNodes.filter((name) => name !== 'kubespray-like');

  it.each(own)('%s', (name) => {
    expect(names(recogniseOwners(ownerPathsOn(readNode(name).facts), bare))).toEqual([]);
  });

  it.each([
    ['a machine of a cloud that a person made into a node', [], { providerId: 'aws:///eu-1/i-0a1b' }],
    ['one that knows its cloud', ['/etc/kubernetes/azure.json'], { providerId: 'azure:///subscriptions/1' }],
    ['a node in a container', ['/.dockerenv', '/run/kubeadm', '/etc/kubernetes/ssl'], {}],
    ['a label that looks like one of a prototype', [], { labels: { __proto__x: 'y', constructor: 'z' } }],
  ] as const)('%s', (_, paths, traits) => {
    expect(names(recogniseOwners(paths, { ...bare, ...traits }))).toEqual([]);
  });
});

it('a recorded kubespray node is certain by its own files', () => {
  const { facts } = readNode('kubespray-like');
  const looked = new Map([
    ...facts.files,
    ['/etc/kubernetes/ssl', { kind: 'unreadable', path: '', reason: '' }],
  ]) as typeof facts.files;
  expect(names(recogniseOwners(ownerPathsOn({ files: looked }), bare))).toEqual(['kubespray']);
});

describe('what is said', () => {
  const eks = { ...bare, labels: { 'eks.amazonaws.com/nodegroup': 'workers' } };
  const certain = recogniseOwners(['/etc/eks/bootstrap.sh'], eks);

  it('refuses a change with both signs and the place to set it', () => {
    expect(ownerRefusal(certain)).toEqual({
      reason:
        'EKS (bootstrap.sh, Amazon Linux 2) owns this kubelet’s configuration (/etc/eks/bootstrap.sh exists; the Node has the label eks.amazonaws.com/nodegroup=workers)',
      hint: 'set it in the user data of the node group: /etc/eks/bootstrap.sh CLUSTER --kubelet-extra-args "..."',
    });
  });

  it.each([
    ['fail', true],
    ['pass', false],
    ['unknown', undefined],
  ] as const)('%s where rules fail: %s', (status, fails) => {
    expect(ownerFindings([{ host: 'n1', owners: certain, fails }])).toMatchObject([
      { rule: 'node-owned-by', status, object: 'host n1 (eks-al2)', severity: 'low' },
    ]);
  });

  it('says one sign as a possibility', () => {
    const possible = recogniseOwners([], eks);
    expect(names(possible)).toEqual(['eks-al2023?', 'eks-al2?']);
    const [first] = ownerFindings([{ host: 'n1', owners: possible, fails: true }]);
    expect(first).toMatchObject({ status: 'unknown', message: expect.stringContaining('may own') as unknown });
    expect(first?.fix).toMatch(/^if so, set it in /);
  });

  it('leaves a machine of Flatcar to be changed', () => {
    const flatcar = recogniseOwners(['/usr/share/flatcar/release'], {
      ...bare,
      osImage: 'Flatcar Container Linux 4230',
    });
    expect(names(flatcar)).toEqual(['flatcar']);
    expect(ownerRefusal(flatcar)).toBeUndefined();
  });

  it('names the owner of a kubelet that kubelatch does not know', () => {
    const error = { kind: 'script', message: 'no kubelet was found', hint: 'check' } as const;
    const seen = recogniseOwners(['/var/snap/microk8s/current/args/kubelet'], undefined);
    expect(ownedByOther(error, [])).toBe(error);
    expect(ownedByOther(error, seen).hint).toMatch(/^check; if MicroK8s runs it, set it in \/var\/snap/);
    const sure = recogniseOwners(['/var/snap/microk8s/current/args/kubelet'], {
      ...bare,
      labels: { 'microk8s.io/cluster': 'true' },
    });
    expect(ownedByOther(error, sure).message).toMatch(/^MicroK8s runs the kubelet here/);
  });

  it('cuts and cleans what a node says of itself', () => {
    const traits = {
      ...bare,
      osImage: `Talos \u001b[31m${'x'.repeat(5000)}`,
      annotations: ['networking.talos.dev/a\nb'],
    };
    const [seen] = recogniseOwners([], traits);
    expect(seen?.certain).toBe(true);
    for (const line of seen?.evidence ?? []) expect(line).toMatch(/^[\x20-\x7e…]{1,140}$/);
  });
});

it('asks for paths alone, each once', () => {
  expect(ownerPaths.every((path) => /^\/[A-Za-z0-9/._-]+$/.test(path))).toBe(true);
  expect(new Set(ownerPaths).size).toBe(ownerPaths.length);
});
