/** Addresses of the fleet, and what is written for the programs. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadInventory } from '../../src/inventory/load.js';
import { addressOf, makeFleet } from './fleet.js';

it('has an address of its own for each host', () => {
  const all = Array.from({ length: 50_000 }, (_, at) => addressOf(at));
  expect(new Set(all).size).toBe(all.length);
  expect([all[0], all[249], all[250], all.at(-1)]).toEqual([
    '198.18.0.1',
    '198.18.0.250',
    '198.18.1.1',
    '198.18.199.250',
  ]);
});

const options = { hosts: 3, parallel: 2, user: 'root', key: '/key', hostKey: 'ssh-ed25519 AAAA', probe: '#!/bin/sh\n' };
const elsewhere = { address: '127.0.0.1', port: 2222, hostKey: 'ssh-ed25519 BBBB' };

it.each([
  ['the node', options, 22, '198.18.* ssh-ed25519 AAAA\n'],
  ['another host', { ...options, hosts: 1, elsewhere }, 2222, '[127.0.0.1]:2222 ssh-ed25519 BBBB\n'],
])('writes an inventory of %s that kubelatch takes, and a list for the others', (_of, given, port, known) => {
  const folder = mkdtempSync(join(tmpdir(), 'kubelatch-fleet-'));
  try {
    const fleet = makeFleet(folder, given);
    const { hosts } = loadInventory(fleet.inventory, readFileSync(fleet.inventory, 'utf8'));
    const list = readFileSync(fleet.list, 'utf8').trim().split('\n');
    expect(hosts.map(({ address }) => address)).toEqual(list);
    expect(hosts[0]?.ssh).toMatchObject({ user: 'root', port, become: 'none', identityFile: '/key' });
    expect(readFileSync(join(folder, 'known_hosts'), 'utf8')).toBe(known);
    expect(fleet).toMatchObject({ port, hostKey: known.trim().split(' ').slice(1).join(' ') });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
