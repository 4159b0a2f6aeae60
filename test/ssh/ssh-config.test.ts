/** How often ssh is asked about a fleet, and that each host gets the answer that ssh gives for it alone. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createOpenssh } from '../../src/ssh/openssh.js';
import { likenessIn } from '../../src/ssh/ssh-config.js';
import { openWorkshop } from './sshd.js';

const shop = openWorkshop();
const path = process.env['PATH'] ?? '';
beforeAll(() => {
  mkdirSync(shop.path('bin'));
  shop.write('bin/ssh', `#!/bin/sh\necho >>'${shop.path('asked')}'\nPATH='${path}' exec ssh "$@"\n`);
  chmodSync(shop.path('bin/ssh'), 0o755);
  process.env['PATH'] = `${shop.path('bin')}:${path}`;
});
afterAll(() => {
  process.env['PATH'] = path;
  shop.remove();
});

const names = ['web1', 'web2', 'db1', 'db2', 'bastion', '10.0.0.7', 'db1.example.com', '2001:db8::1', 'Web9', 'web10'];
let count = 0;

/** How often ssh was asked about all names at once. Fails if an answer is not the one that ssh gives for the name alone. */
async function asked(config: string, aliases: readonly string[] = names): Promise<number> {
  const file = shop.write(`config-${count++}`, config);
  const query = (alias: string) => ({ alias, user: undefined, port: undefined });
  rmSync(shop.path('asked'), { force: true });
  const shared = createOpenssh(file);
  const answers = await Promise.all(aliases.map((alias) => shared(query(alias))));
  const times = existsSync(shop.path('asked')) ? readFileSync(shop.path('asked'), 'utf8').length : 0;
  const alone = await Promise.all(aliases.map((alias) => createOpenssh(file)(query(alias))));
  expect(answers).toEqual(alone);
  expect(answers.every(({ ok }) => ok)).toBe(true);
  return times;
}

it.each([
  // Web9 is asked about by itself: ssh changes the case of names.
  ['nothing', '', 2],
  ['settings for all', 'User deploy\nHost *\n  ControlPath ~/.ssh/cm-%r@%h:%p\n  Port 2222\n', 2],
  ['a group of hosts', '# fleet\nHost web* !web10\n\tUser = www\nHost *\n  User deploy\n', 3],
  ['a HostName for one host', 'Host db1\n  HostName 10.9.9.9\nHost *\n  User deploy\n', 3],
  ['a Match for all', 'Match final all\n  User deploy\n', 2],
  ['a bastion that is a host, too', 'Host web*\n  ProxyJump bastion\n', 4],
])('asks once for the hosts that a file with %s treats alike', async (_, config, times) => {
  expect(await asked(config)).toBe(times);
});

it.each([
  ['a token in a value', 'Host *\n  HostName %h.example.com\n'],
  ['a key for each host', 'IdentityFile ~/.ssh/%n\n'],
  ['a Match of names', 'Match host web1\n  User www\n'],
  ['a Match that runs a program', 'Match exec "test %h = web1"\n  User www\n'],
  ['a quoted pattern', 'Host "web1"\n  User www\n'],
  ['a quoted keyword', '"Host" web1\n  User www\n'],
])('asks for each host where a file has %s', async (_, config) => {
  expect(await asked(config, ['web1', 'web2', 'db1'])).toBe(3);
});

it('reads the files that are included, wherever they are', async () => {
  shop.write('included', 'Host web1\n  User www\n');
  expect(await asked(`Include ${shop.path('included')}\n`, ['web1', 'web2', 'web3', 'db1'])).toBe(2);
});

it('takes a name for its own where a value has it', () => {
  const likeness = likenessIn(['Host a*\n  HostName a1\nHost *\n  User u\n']);
  expect(likeness('a1')).toBeUndefined();
  expect(likeness('a2')).toBe(likeness('a3'));
  expect(likeness('a2')).not.toBe(likeness('b1'));
});

it('takes no names with other signs for alike', () => {
  const likeness = likenessIn(['Host *\n  User u\n']);
  for (const alias of ['fe80::1%eth0', 'A1', 'ü', '']) expect(likeness(alias)).toBeUndefined();
});
