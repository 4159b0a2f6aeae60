/** The flags of netpol as a request: names, addresses and ports are checked before anything is read. */
import { parseCidr } from '../lib/cidr.js';
import { ToolError } from '../lib/errors.js';
import { parseKubeVersion } from '../lib/kube-version.js';
import { ipAddress } from '../netpol/addresses.js';
import type { NetpolRequest } from '../netpol/model.js';
import { isNamespace } from '../netpol/read-cluster.js';
import type { Flags } from './options.js';

/** Throws ToolError 'usage' that names the flag. */
export function netpolRequest(flags: Flags): NetpolRequest {
  const { policy, cni, cniVersion, namespace = [], allowNamespace, podCidr = [], allowAddress = [] } = flags;
  const { kubeletPort = [], allowNodePort, dns, acceptDenyAllRisk = false } = flags;
  const namespaces = namespace.map((one) => namespaceOf('--namespace', one));
  const allowNamespaces = listOrNone('--allow-namespace', allowNamespace)?.map((one) =>
    namespaceOf('--allow-namespace', one),
  );
  const both = namespaces.find((one) => allowNamespaces?.includes(one));
  if (both !== undefined)
    throw new ToolError('usage', `${both} cannot be given to both --namespace and --allow-namespace`);
  if (cniVersion !== undefined && parseKubeVersion(cniVersion) === undefined)
    throw new ToolError('usage', `--cni-version ${cniVersion}: must be a version such as 1.17.3`);
  return {
    policy,
    cni,
    cniVersion,
    namespaces: [...new Set(namespaces)],
    allowNamespaces,
    podCidrs: podCidr.map((one) => networkOf('--pod-cidr', one)),
    allowAddresses: allowAddress.map((one) => (one.includes('/') ? networkOf : addressOf)('--allow-address', one)),
    kubeletPorts: kubeletPort.map((one) => portOf('--kubelet-port', one)),
    nodePorts: listOrNone('--allow-node-port', allowNodePort)?.map((one) => portOf('--allow-node-port', one)),
    dns: dns === undefined ? undefined : dnsOf(dns),
    acceptDenyAllRisk,
  };
}

/** `n1=10.0.0.1,10.244.0.1` of `--node-address`, by Node; the list is split at its commas already. */
export function nodeAddressesOf({ nodeAddress = [] }: Flags): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  let node = '';
  for (const word of nodeAddress) {
    const [name, address] = word.includes('=')
      ? [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]
      : [node, word];
    node = name;
    if (node === '') throw new ToolError('usage', `--node-address ${word}: must be NODE=ADDRESS`);
    found.set(node, [...(found.get(node) ?? []), addressOf('--node-address', address)]);
  }
  return found;
}

function listOrNone(flag: string, list: readonly string[] | undefined): readonly string[] | undefined {
  if (list?.includes('none') !== true) return list;
  if (list.length > 1) throw new ToolError('usage', `${flag} none goes together with no other value`);
  return [];
}

function namespaceOf(flag: string, text: string): string {
  if (!isNamespace(text)) throw new ToolError('usage', `${flag} ${text}: must be the name of a namespace`);
  return text;
}

function networkOf(flag: string, text: string): string {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new ToolError('usage', `${flag} ${text}: must be a network such as 10.244.0.0/16`);
  return cidr.text;
}

function addressOf(flag: string, text: string): string {
  const address = ipAddress(text);
  if (address === undefined) throw new ToolError('usage', `${flag} ${text}: must be an IP address, and no loopback`);
  return address;
}

function portOf(flag: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) throw new ToolError('usage', `${flag} ${text}: must be a port from 1 to 65535`);
  return port;
}

function dnsOf(text: string): NetpolRequest['dns'] {
  const [, namespace = '', key = '', value = ''] =
    /^([^/]*)\/([A-Za-z0-9][A-Za-z0-9./_-]{0,315})=([A-Za-z0-9][A-Za-z0-9._-]{0,62})$/.exec(text) ?? [];
  if (!isNamespace(namespace) || key === '')
    throw new ToolError('usage', `--dns ${text}: must be NAMESPACE/LABEL=VALUE, such as kube-system/k8s-app=kube-dns`);
  return { namespace, labels: { [key]: value } };
}
