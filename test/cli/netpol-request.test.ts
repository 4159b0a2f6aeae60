/** The flags of netpol: what is taken, and that the error names the flag. */
import { describe, expect, it } from 'vitest';
import { netpolRequest, nodeAddressesOf } from '../../src/cli/netpol-request.js';
import type { Flags } from '../../src/cli/options.js';

const flags = (over: Partial<Flags>): Flags => over as Flags;

describe('the flags of netpol', () => {
  it('are a request', () => {
    expect(
      netpolRequest(
        flags({
          namespace: ['shop', 'shop'],
          allowNamespace: ['none'],
          podCidr: ['10.244.0.0/16'],
          allowAddress: ['10.244.1.1', '10.244.2.0/24'],
          kubeletPort: ['9999'],
          allowNodePort: ['9100'],
          dns: 'kube-system/k8s-app=kube-dns',
        }),
      ),
    ).toMatchObject({
      namespaces: ['shop'],
      allowNamespaces: [],
      podCidrs: ['10.244.0.0/16'],
      allowAddresses: ['10.244.1.1', '10.244.2.0/24'],
      kubeletPorts: [9999],
      nodePorts: [9100],
      dns: { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
    });
    expect(netpolRequest(flags({}))).toMatchObject({
      allowNamespaces: undefined,
      nodePorts: undefined,
      dns: undefined,
    });
    expect([...nodeAddressesOf(flags({ nodeAddress: ['n1=10.0.0.1', '10.0.0.2', 'n2=fd00::1'] }))]).toEqual([
      ['n1', ['10.0.0.1', '10.0.0.2']],
      ['n2', ['fd00::1']],
    ]);
  });

  it.each<[string, Partial<Flags>]>([
    ['--namespace', { namespace: ['Shop'] }],
    ['--allow-namespace', { allowNamespace: ['a', 'none'] }],
    ['--allow-namespace', { namespace: ['a'], allowNamespace: ['a'] }],
    ['--pod-cidr', { podCidr: ['10.244.0.1/16'] }],
    ['--allow-address', { allowAddress: ['x'] }],
    ['--kubelet-port', { kubeletPort: ['0'] }],
    ['--allow-node-port', { allowNodePort: ['65536'] }],
    ['--dns', { dns: 'k8s-app=kube-dns' }],
    ['--dns', { dns: 'kube-system/a=b c' }],
    ['--cni-version', { cniVersion: 'latest' }],
  ])('%s is refused by its name', (flag, over) => {
    expect(() => netpolRequest(flags(over))).toThrow(flag);
  });

  it.each(['10.0.0.1', 'n1=x', '=10.0.0.1', 'n1=127.0.0.1'])('--node-address %s is refused', (text) => {
    expect(() => nodeAddressesOf(flags({ nodeAddress: [text] }))).toThrow('--node-address');
  });
});
