/** Passwords that were refused are as secret as the right one, which differs from them in a letter: nothing shows them. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { startOddServer } from '../ssh/odd-server.js';
import { useRig } from '../ssh/rig.js';
import { answering } from '../ssh/secrets-fake.js';
import { hostAt } from '../ssh/sshd.js';
import { startSudoServer } from '../ssh/sudo-server.js';

const rig = useRig();
const { shop } = rig;
const deadline = 10_000;
const typed = ['Canary-One-typo', 'Canary-Two-typo', 'Canary-Three-typo'];
const canary = /Canary/;

it('by sudo', async () => {
  const server = await startSudoServer(rig, 'the right one');
  shop.write('mode', 'password');
  shop.write('log', '');
  const known = shop.write('known', `[127.0.0.1]:${server.port} ${server.hostKey}\n`);
  const lines: string[] = [];
  const secrets = answering({ becomePassword: typed });
  const made = rig.connector({ secrets, log: (line) => lines.push(line) });
  const results = await Promise.all(
    ['n1', 'n2'].map(async (name) => {
      const host = hostAt(server.port, { user: 'ops', become: 'sudo', knownHostsFile: known }, name);
      const session = await made.connect(host);
      return session.ok ? session.value.run('exit 0', [], { deadline }) : session;
    }),
  );
  expect(results.map(({ ok }) => ok)).toEqual([false, false]);
  expect(readFileSync(shop.path('log'), 'utf8').match(/^given Canary/gm)).toHaveLength(3);
  expect(JSON.stringify([results, secrets.questions, lines, server.commands])).not.toMatch(canary);
});

it('by sshd', async () => {
  const server = await startOddServer({
    hostKeyFile: shop.path('host'),
    login: (context) => context.reject(['password']),
  });
  rig.later(() => server.stop());
  const known = shop.write('known-ssh', `[127.0.0.1]:${server.port} ${server.hostKey}\n`);
  const lines: string[] = [];
  const secrets = answering({ password: typed });
  const host = hostAt(server.port, { user: 'ops', knownHostsFile: known });
  const error = await rig.refusal(host, { secrets, log: (line) => lines.push(line) });
  expect(error.message).toContain('tried password 3 times');
  expect(JSON.stringify([error, secrets.questions, lines])).not.toMatch(canary);
});
