/** Files for nodes: what nft itself takes, and nothing that could come from elsewhere. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { addressListDropIn } from '../../src/filter/address-list.js';
import { nftablesTable } from '../../src/filter/packet-filter.js';
import { nftablesFiles, nftablesUnit } from '../../src/netpol/nftables.js';

const options = {
  podCidrs: ['10.244.0.0/16', 'fd00:10::/64'],
  ports: [10250, 10255],
  allowed: ['10.244.3.7', '10.244.9.0/24', 'fd00:10::7'],
};

const nft = ([program = '', ...args]: readonly string[], input: string): { status: number | null; stderr: string } => {
  const { status, stderr } = spawnSync(program, args, { input, encoding: 'utf8' });
  return { status, stderr };
};
/** Those that work on this machine: in a network namespace of its own, nft may load rules. */
const checkers = [['nft', ['unshare', '-rn', 'nft', '-f', '-']] as const].filter(
  ([, command]) => nft(command, 'table inet x\n').status === 0,
);

describe('the table', () => {
  it('is about pods, the ports of the kubelet and new connections', () => {
    const text = nftablesTable(options);
    expect(text).toContain(
      'ip saddr @pods4 ip saddr != @allowed4 tcp dport { 10250, 10255 } ct state new counter reject with tcp reset',
    );
    expect(text).toContain('ip6 saddr @pods6');
    expect(text).toContain('elements = { 10.244.3.7/32, 10.244.9.0/24 }');
    expect(text).not.toMatch(/flush ruleset|policy drop/);
    expect(nftablesTable({ ...options, podCidrs: ['10.244.0.0/16'] })).not.toContain('ip6 saddr @pods6');
  });

  it.each(checkers)('is taken by %s', (_, command) => {
    for (const podCidrs of [options.podCidrs, ['10.244.0.0/16'], ['fd00::/48', 'fd00::/64']])
      for (const allowed of [options.allowed, []])
        expect(nft(command, nftablesTable({ ...options, podCidrs, allowed }))).toEqual({ status: 0, stderr: '' });
  });

  it('takes nothing that is no network, address or port', () => {
    for (const podCidrs of [[], ['10.244.0.0/16 }'], ['10.244.0.1/16'], ['x'], ['0.0.0.0/33']])
      expect(() => nftablesTable({ ...options, podCidrs })).toThrow();
    for (const allowed of [['1.2.3.4; drop'], ['']]) expect(() => nftablesTable({ ...options, allowed })).toThrow();
    for (const ports of [[], [0], [65536], [1.5]]) expect(() => nftablesTable({ ...options, ports })).toThrow();
  });
});

it('the unit loads the file of the table before the kubelet starts', () => {
  const [table, unit] = nftablesFiles(options);
  expect(unit).toEqual({ path: '/etc/systemd/system/kubelatch-nftables.service', text: nftablesUnit() });
  expect(unit?.text).toContain(`ExecStart=/usr/sbin/nft -f ${table?.path ?? ''}\n`);
  expect(unit?.text).toMatch(/^Before=.*kubelet\.service/m);
  expect(unit?.text).not.toContain('flush');
});

describe('the address list', () => {
  const lists = {
    apiServer: ['192.0.2.10'],
    nodes: ['192.0.2.11'],
    podCidrs: ['10.244.0.0/16'],
    others: ['192.0.2.53'],
  };

  it('denies all but what the kubelet needs', () => {
    expect(addressListDropIn(lists).split('\n').slice(1, 10)).toEqual([
      '[Service]',
      'IPAccounting=yes',
      'IPAddressDeny=any',
      'IPAddressAllow=localhost',
      'IPAddressAllow=link-local',
      'IPAddressAllow=192.0.2.10',
      'IPAddressAllow=192.0.2.11',
      'IPAddressAllow=10.244.0.0/16',
      'IPAddressAllow=192.0.2.53',
    ]);
  });

  it('is not written where one of them is missing or odd', () => {
    for (const over of [
      { apiServer: [] },
      { nodes: [] },
      { podCidrs: [] },
      { others: ['x'] },
      { others: ['1.2.3.4\nExecStart=/bin/sh'] },
    ])
      expect(() => addressListDropIn({ ...lists, ...over })).toThrow();
  });
});
