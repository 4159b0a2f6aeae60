/** Many hosts at once behind a real sshd as bastion, and on a real sshd, both with default limits: none is lost. */
import { beforeAll, expect, it } from 'vitest';
import type { Host } from '../../src/inventory/host.js';
import { useRig } from './rig.js';
import { hostAt, startSshd } from './sshd.js';
import type { Sshd } from './sshd.js';

const rig = useRig();
const { shop } = rig;
const size = 60;
/** sshd listens on at most 16. */
const addresses = Array.from({ length: 15 }, (_, i) => `127.0.7.${i + 1}`);
let bastion: Sshd;
let nodes: Sshd;
let sshConfigFile: string;

beforeAll(async () => {
  shop.key('user');
  bastion = await startSshd(shop, 'bastion', { authorized: ['user'] });
  nodes = await startSshd(shop, 'nodes', {
    authorized: ['user'],
    config: addresses.map((address) => `ListenAddress ${address}`),
  });
  for (const sshd of [bastion, nodes]) rig.later(() => sshd.stop());
  const known = [`[127.0.0.1]:${bastion.port} ${bastion.hostKey}`, `[127.0.7.*]:${nodes.port} ${nodes.hostKey}`, ''];
  shop.write('known', known.join('\n'));
  sshConfigFile = shop.write(
    'config',
    `Host *\n  IdentityFile ${shop.path('user')}\n  UserKnownHostsFile ${shop.path('known')}\n`,
  );
});

const fleet = (jump: readonly string[], of = addresses): Host[] =>
  Array.from({ length: size }, (_, i) => ({
    ...hostAt(nodes.port, { jump: [...jump] }, `node${i}`),
    address: of[i % of.length] ?? '',
  }));

/** Why there was no session with some of the hosts. Those that were opened stay so, as while hosts are worked on. */
async function lost(hosts: readonly Host[], how: 'connect' | 'fresh'): Promise<string[]> {
  const connector = rig.connector({ sshConfigFile, connectTimeout: 60_000 });
  const sessions = await Promise.all(hosts.map((host) => connector[how](host)));
  return sessions.flatMap((session) => (session.ok ? [] : [session.error.message]));
}

const jump = (): string[] => [`127.0.0.1:${bastion.port}`];
const accepted = (sshd: Sshd): number => sshd.log().split('Accepted publickey').length - 1;

it('60 hosts behind one bastion share its connection', async () => {
  const before = accepted(bastion);
  expect(await lost(fleet(jump()), 'connect')).toEqual([]);
  expect(accepted(bastion) - before).toBe(1);
});

it('60 hosts get a new connection to the bastion each', async () => {
  const before = accepted(bastion);
  expect(await lost(fleet(jump()), 'fresh')).toEqual([]);
  expect(accepted(bastion) - before).toBe(size);
  // No more than 8 were ever waiting for their login.
  expect(bastion.log()).not.toContain('drop connection');
});

it('60 hosts that are one server are not dropped by it', async () => {
  const before = nodes.log().length;
  expect(await lost(fleet([], addresses.slice(0, 1)), 'connect')).toEqual([]);
  expect(nodes.log().slice(before)).not.toContain('drop connection');
});
