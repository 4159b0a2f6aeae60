/** Which hosts are lent the sudo password that opens others as well: none that nobody compared, none that did not want it before. */
import { readFileSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../../src/inventory/host.js';
import type { OddServer } from './odd-server.js';
import { useRig } from './rig.js';
import { startSudoServer } from './sudo-server.js';
import { answering } from './secrets-fake.js';
import { hostAt } from './sshd.js';

const rig = useRig();
const { shop } = rig;
const password = 'correct horse battery';
const deadline = 10_000;
let server: OddServer;

beforeAll(async () => {
  server = await startSudoServer(rig, password);
});
beforeEach(() => {
  shop.write('log', '');
});

const given = (): number => readFileSync(shop.path('log'), 'utf8').match(/^given /gm)?.length ?? 0;
const mode = (name: string): string => shop.write('mode', name);
const known = (): string => shop.write('known', `[127.0.0.1]:${server.port} ${server.hostKey}\n`);
const host = (name: string, over: Partial<Host['ssh']> = {}): Host => {
  const one = hostAt(server.port, { user: 'ops', become: 'sudo', knownHostsFile: known() }, name);
  return { ...one, ssh: { ...one.ssh, ...over } };
};
const refused = (message: RegExp) => ({
  ok: false,
  error: {
    kind: 'sudo-password',
    message: expect.stringMatching(message) as unknown,
    hint: expect.stringMatching(/./) as unknown,
  },
});

describe('the sudo password', () => {
  it('is not sent to a host whose key was accepted in this run', async () => {
    mode('password');
    const secrets = answering({ becomePassword: [password] });
    const session = await rig.session(host('new', { knownHostsFile: shop.path('empty') }), {
      secrets,
      hostKeys: 'accept-new',
    });
    expect(await session.run('exit 0', [], { deadline })).toEqual(
      refused(/host key was only accepted in this run; the password was not sent/),
    );
    expect([secrets.asked, given()]).toEqual([[], 0]);
  });

  it('is not sent to a host that did not want one before', async () => {
    mode('free');
    const secrets = answering({ becomePassword: [password] });
    const made = rig.connector({ secrets });
    const first = await made.connect(host('turned'));
    if (!first.ok) throw new Error(first.error.message);
    expect(await first.value.run('exit 0', [], { deadline })).toMatchObject({ ok: true });
    mode('password');
    expect(await first.value.run('exit 0', [], { deadline })).toEqual(refused(/needed none earlier in this run/));
    expect([secrets.asked, given()]).toEqual([[], 0]);
  });

  it('is one for all hosts, or asked for each where the inventory says so', async () => {
    mode('password');
    for (const [per, asked] of [
      [undefined, 1],
      ['per-host', 3],
    ] as const) {
      const secrets = answering({ becomePassword: [password] });
      const made = rig.connector({ secrets });
      for (const name of ['a', 'b', 'c']) {
        const session = await made.connect(host(name, per === undefined ? {} : { becomePassword: per }));
        if (!session.ok) throw new Error(session.error.message);
        expect(await session.value.run('exit 0', [], { deadline })).toMatchObject({ ok: true });
      }
      expect(secrets.asked).toHaveLength(asked);
    }
  });
});
