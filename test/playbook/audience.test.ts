/** Which playbooks count on a node: what a family is there, and what does not fit it. */
import { describe, expect, it } from 'vitest';
import { namesFor, playbooksFor } from '../../src/playbook/audience.js';
import { loadPlaybook, loadPlaybooks, parsePlaybook } from '../../src/playbook/load.js';

const family = await loadPlaybooks(['cis']);
const kubelet = (distro: string | undefined, kubeletVersion: string | undefined) => ({ distro, kubeletVersion });

describe('-p cis', () => {
  it.each([
    ['kubeadm', 'v1.30.4', 'cis-1.11', 'cis is cis-1.11 here (kubeadm, Kubernetes 1.30)'],
    ['systemd', 'v1.34.0-rc.1', 'cis-1.12', 'cis is cis-1.12 here (systemd, Kubernetes 1.34)'],
    ['k3s', 'v1.33.1+k3s1', 'k3s-cis', 'cis is k3s-cis here (k3s, Kubernetes 1.33)'],
    ['rke2', undefined, 'rke2-cis', 'cis is rke2-cis here (rke2, version unknown)'],
    [
      'kubeadm',
      'v1.36.0',
      'cis-1.12',
      'no playbook of cis is for this node (kubeadm, Kubernetes 1.36); cis-1.12 is the nearest',
    ],
    [
      'kubeadm',
      'v1.28.0',
      'cis-1.11',
      'no playbook of cis is for this node (kubeadm, Kubernetes 1.28); cis-1.11 is the nearest',
    ],
    [
      'kubeadm',
      undefined,
      'cis-1.12',
      'no playbook of cis is for this node (kubeadm, version unknown); cis-1.12 is the nearest',
    ],
  ])('on %s %s is %s', (distro, version, name, note) => {
    const { playbooks, notes } = playbooksFor(family, kubelet(distro, version));
    expect([playbooks.map((one) => one.name), notes]).toEqual([[name], [note]]);
  });

  it('is nothing on a distribution that it has no playbook for, and says so', () => {
    expect(playbooksFor(family, kubelet('other', 'v1.33.1'))).toEqual({
      playbooks: [],
      notes: ['no playbook of cis is for this node (other, Kubernetes 1.33), so none of its rules was judged'],
    });
  });

  it('has the names of the chosen ones in a result, and its own where no node was judged', async () => {
    const nodes = [kubelet('k3s', 'v1.33.1+k3s1'), kubelet('kubeadm', 'v1.30.4'), kubelet('k3s', 'v1.31.0+k3s1')];
    expect(namesFor(family, nodes)).toEqual(['cis-1.11', 'k3s-cis']);
    const both = await loadPlaybooks(['baseline', 'cis']);
    expect(namesFor(both, [])).toEqual(['baseline', 'cis']);
  });

  it('leaves a playbook that is named beside it on every node', async () => {
    const both = await loadPlaybooks(['cis', 'cis-1.11']);
    const { playbooks } = playbooksFor(both, kubelet('k3s', 'v1.33.1+k3s1'));
    expect(playbooks.map(({ name }) => name).sort()).toEqual(['cis-1.11', 'k3s-cis']);
  });
});

describe('a playbook that is named itself counts on every node, with a warning where it does not fit', () => {
  it.each([
    ['cis-1.12', 'kubeadm', 'v1.33.1', []],
    [
      'cis-1.12',
      'kubeadm',
      'v1.30.4',
      [
        'cis-1.12 is for Kubernetes 1.32 to 1.34, and this kubelet is Kubernetes 1.30: its rules may not fit; -p cis takes the playbook that fits each node',
      ],
    ],
    [
      'cis-1.11',
      'kubeadm',
      undefined,
      [
        'cis-1.11 is for Kubernetes 1.29 to 1.31, and the version of this kubelet is unknown: its rules may not fit; -p cis takes the playbook that fits each node',
      ],
    ],
    [
      'k3s-cis',
      'kubeadm',
      'v1.33.1',
      ['k3s-cis is for k3s and may not fit this node, which is kubeadm; -p cis takes the playbook that fits each node'],
    ],
    [
      'cis-1.12',
      'rke2',
      'v1.33.1+rke2r1',
      [
        'cis-1.12 is for kubeadm and systemd and may not fit this node, which is rke2; -p cis takes the playbook that fits each node',
      ],
    ],
    ['baseline', 'k3s', undefined, []],
  ])('%s on %s %s', async (name, distro, version, notes) => {
    const book = await loadPlaybook(name);
    expect(playbooksFor([book], kubelet(distro, version))).toEqual({ playbooks: [book], notes });
  });
});

const mine = (appliesTo: string): string =>
  `apiVersion: kubelatch.dev/v1\nkind: Playbook\nmetadata: { name: mine, title: Mine, appliesTo: ${appliesTo} }\nrules:\n  - { id: a, title: A, severity: low, why: b, manual: true, look: c }\n`;

it('your own playbook may say whom it is for', () => {
  const book = parsePlaybook('mine.yaml', mine("{ versions: '>=1.30' }"));
  expect(playbooksFor([book], kubelet('k3s', 'v1.29.3')).notes).toEqual([
    'mine is for Kubernetes >=1.30, and this kubelet is Kubernetes 1.29: its rules may not fit',
  ]);
  expect(() => parsePlaybook('mine.yaml', mine('{ versions: new }'))).toThrow(
    /mine\.yaml:3: metadata\.appliesTo\.versions: is no range of versions/,
  );
});
