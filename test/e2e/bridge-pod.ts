/** A pod on n1 as a bridge plugin makes it, with routes to it from the other nodes: what it and the nodes can connect to. */
import { afterAll, beforeAll, expect } from 'vitest';
import type { Lab } from '../lab/lab.js';

export const podNetwork = '10.244.0.0/16';

export interface BridgePod {
  readonly address: (name: string) => string;
  /** Runs a script on a node; it has to succeed. Returns what it prints. */
  readonly must: (name: string, script: string) => Promise<string>;
  /** Whether a TCP connection to it opens, from the pod or from a node itself. */
  readonly opens: (from: 'pod' | 'n1' | 'cp1', to: string, port: number) => Promise<boolean>;
  /** All connections that matter, by their names. */
  readonly doors: () => Promise<Readonly<Record<string, boolean>>>;
}

/** What a pod can do before, and what stays possible whatever keeps it from kubelets. */
export const kubeletDoors = (open: boolean): Readonly<Record<string, boolean>> =>
  Object.fromEntries(['own node', 'own node by its bridge', 'another node'].map((one) => [one, open]));
export const otherDoors: Readonly<Record<string, boolean>> = {
  'own node, another port': true,
  'another node, another port': true,
  'API server': true,
  'DNS by UDP': true,
  'node to node': true,
  'control plane to node': true,
  'node to its pod': true,
};

/** To be called at the top of a group of scenarios. */
export function openBridgePod(lab: Lab): BridgePod {
  const address = (name: string): string => lab.nodes[name]?.address ?? '';
  const must = async (name: string, script: string): Promise<string> => {
    const ran = await lab.on(name, `set -e\n${script}`);
    expect(ran.code, `${name}: ${ran.stderr}`).toBe(0);
    return ran.stdout;
  };
  const opens: BridgePod['opens'] = async (from, to, port) => {
    const prefix = from === 'pod' ? 'ip netns exec pod ' : '';
    const dial = `${prefix}timeout 3 bash -c 'exec 3<>/dev/tcp/${to}/${port}'`;
    return (await lab.on(from === 'cp1' ? 'cp1' : 'n1', dial)).code === 0;
  };
  const answersByUdp = async (): Promise<boolean> => {
    const ask = `exec 3<>/dev/udp/${address('cp1')}/53; echo question >&3; timeout 3 head -n 1 <&3`;
    return (await lab.on('n1', `ip netns exec pod bash -c '${ask}'`)).stdout === 'question\n';
  };
  beforeAll(async () => {
    await must(
      'n1',
      `ip netns add pod; ip link add podbr0 type bridge; ip addr add 10.244.1.1/24 dev podbr0; ip link set podbr0 up
       ip link add veth0 type veth peer name eth0 netns pod; ip link set veth0 master podbr0 up
       ip -n pod addr add 10.244.1.2/24 dev eth0; ip -n pod link set eth0 up; ip -n pod link set lo up
       ip -n pod route add default via 10.244.1.1; echo 1 >/proc/sys/net/ipv4/ip_forward`,
    );
    for (const other of ['n2', 'cp1']) await must(other, `ip route replace 10.244.1.0/24 via ${address('n1')}`);
    // Its own listener, for what the node dials: probes.
    const listen = 'ip netns exec pod openssl s_server -quiet -nocert -accept 8080 >/dev/null 2>&1 </dev/null';
    await must('n1', `${listen} & echo $! >/run/pod-listener; sleep 1`);
    // In the place of the cluster's DNS: it sends back what it gets.
    const echo =
      'use IO::Socket::INET; $s = IO::Socket::INET->new(LocalPort => 53, Proto => "udp") or die; $s->send($m) while $s->recv($m, 512)';
    await must('cp1', `perl -e '${echo}' >/dev/null 2>&1 </dev/null & echo $! >/run/dns-echo; sleep 1`);
  });
  afterAll(async () => {
    await lab.on('n1', 'kill $(cat /run/pod-listener); rm /run/pod-listener; ip netns del pod; ip link del podbr0');
    await lab.on('cp1', 'kill $(cat /run/dns-echo); rm /run/dns-echo');
    for (const other of ['n2', 'cp1']) await lab.on(other, 'ip route del 10.244.1.0/24');
  });
  const doors: BridgePod['doors'] = async () => {
    const asked: readonly (readonly [string, Parameters<typeof opens>])[] = [
      ['own node', ['pod', address('n1'), 10250]],
      ['own node by its bridge', ['pod', '10.244.1.1', 10250]],
      ['another node', ['pod', address('n2'), 10250]],
      ['own node, another port', ['pod', address('n1'), 22]],
      ['another node, another port', ['pod', address('n2'), 22]],
      ['API server', ['pod', address('cp1'), 6443]],
      ['node to node', ['n1', address('n2'), 10250]],
      ['control plane to node', ['cp1', address('n1'), 10250]],
      ['node to its pod', ['n1', '10.244.1.2', 8080]],
    ];
    const opened = asked.map(async ([name, ask]) => [name, await opens(...ask)] as const);
    return Object.fromEntries(
      await Promise.all([...opened, answersByUdp().then((does) => ['DNS by UDP', does] as const)]),
    );
  };
  return { address, must, opens, doors };
}
