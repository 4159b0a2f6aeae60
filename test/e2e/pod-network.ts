/** What pods in the lab's nodes find in every cluster: routes between nodes, the addresses of two services, their names, a scheduler. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll } from 'vitest';
import type { Lab } from '../lab/lab.js';
import { callApi } from './api-objects.js';

/** By the API server's and the kubelets' settings in the lab. */
const apiService = '10.96.0.1';
const dnsService = '10.96.0.10';

/** Networks of the pods of a node: the third part is the last part of the node's address. */
const podsOf = (address: string): string => `10.244.${address.split('.').at(-1) ?? ''}.0/24`;

/** To be called at the top of a group of scenarios: pods of these nodes have a network, and the cluster's services, meanwhile. */
export function openPodNetwork(lab: Lab, nodes: readonly string[]): void {
  const all = Object.entries(lab.nodes);
  const host = (lab.nodes['cp1']?.address ?? '').replace(/\d+$/, '1');
  const dns = createSocket('udp4', (question, from) => {
    const answer = dnsAnswer(question);
    if (answer !== undefined) dns.send(answer, from.port, from.address);
  });
  const must = async (node: string, script: string): Promise<void> => {
    const done = await lab.on(node, `set -e\n${script}`);
    if (done.code !== 0) throw new Error(`${node}: ${done.stderr}`);
  };
  beforeAll(async () => {
    dns.bind(0, host);
    await once(dns, 'listening');
    for (const [name] of all) {
      const others = all.filter(([other]) => other !== name && nodes.includes(other));
      await must(
        name,
        `${others.map(([, { address }]) => `ip route replace ${podsOf(address)} via ${address}`).join('\n')}
        echo 1 >/proc/sys/net/ipv4/ip_forward`,
      );
    }
    // As kube-proxy does it. The machine that answers for the cluster's DNS has no route to pods.
    const rules = `table ip lab_services {
      chain in {
        type nat hook prerouting priority -100;
        ip daddr ${apiService} tcp dport 443 dnat to ${lab.nodes['cp1']?.address ?? ''}:6443
        ip daddr ${dnsService} udp dport 53 dnat to ${host}:${dns.address().port}
      }
      chain out { type nat hook postrouting priority 100; ip daddr ${host} masquerade; }
    }`;
    for (const node of nodes) await must(node, `nft -f - <<'END'\n${rules}\nEND`);
  });
  afterAll(async () => {
    dns.close();
    for (const node of nodes) await lab.on(node, 'nft delete table ip lab_services; ip link del cni0');
    for (const [name] of all)
      for (const { address } of nodes.map((node) => lab.nodes[node]).filter((one) => one !== undefined))
        await lab.on(name, `ip route del ${podsOf(address)} via ${address}`);
  });
}

/** The address of the API server by its name in the cluster; no other name exists. */
function dnsAnswer(question: Buffer): Buffer | undefined {
  const labels: string[] = [];
  let at = 12;
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const asked = question.subarray(12, at + 5);
  if (asked.length < 5) return undefined;
  const isKnown = labels.join('.').toLowerCase() === 'kubernetes.default.svc.cluster.local';
  const isAddress = isKnown && question.readUInt16BE(at + 1) === 1;
  const head = Buffer.alloc(12);
  head.writeUInt16BE(question.readUInt16BE(0), 0);
  // An authoritative answer: there is none, or no such name.
  head.writeUInt16BE(isKnown ? 0x8580 : 0x8583, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(isAddress ? 1 : 0, 6);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...apiService.split('.').map(Number)]);
  return Buffer.concat([head, asked, ...(isAddress ? [record] : [])]);
}

/** Puts a waiting pod on a node, as a scheduler would. */
export async function bindPod(lab: Lab, namespace: string, name: string, node: string): Promise<void> {
  const target = { apiVersion: 'v1', kind: 'Node', name: node };
  const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace }, target };
  const bound = await callApi(lab, 'POST', `/api/v1/namespaces/${namespace}/pods/${name}/binding`, body);
  if (bound.status >= 300) throw new Error(`${name} is not bound: ${bound.body}`);
}
