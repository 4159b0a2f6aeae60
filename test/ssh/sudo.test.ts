/** Becoming root: without a password, with one, and every way in which sudo says no. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../../src/inventory/host.js';
import type { ConnectOptions } from '../../src/ssh/connect.js';
import type { HostError } from '../../src/ssh/errors.js';
import { redact } from '../../src/lib/redact.js';
import type { Result } from '../../src/lib/result.js';
import type { RunResult } from '../../src/ssh/session.js';
import { startOddServer } from './odd-server.js';
import type { OddServer } from './odd-server.js';
import { useRig } from './rig.js';
import { startSudoServer } from './sudo-server.js';
import { answering, silent } from './secrets-fake.js';
import { hostAt } from './sshd.js';

const rig = useRig();
const { shop } = rig;
const PASSWORD = 'Tr0ub4dor & 3 $x';
const deadline = 10_000;
let server: OddServer;

beforeAll(async () => {
  server = await startSudoServer(rig, PASSWORD);
  shop.write('known', `[127.0.0.1]:${server.port} ${server.hostKey}\n`);
});
beforeEach(() => {
  shop.write('log', '');
  server.commands.length = 0;
});

const mode = (name: string): string => shop.write('mode', name);
const log = (): string[] => readFileSync(shop.path('log'), 'utf8').trim().split('\n');
const given = (): string[] => log().filter((line) => line.startsWith('given'));
describe.each(['ssh2', 'openssh'] as const)('by %s', (transport) => {
  const host = (name = 'node1', user = 'ops'): Host =>
    hostAt(server.port, { transport, user, become: 'sudo', knownHostsFile: shop.path('known') }, name);

  async function run(
    script: string,
    args: readonly string[] = [],
    options: Partial<ConnectOptions> = {},
  ): Promise<Result<RunResult, HostError>> {
    const session = await rig.session(host(), options);
    return session.run(script, args, { deadline });
  }

  /** The password must be nowhere but on sudo's stdin. */
  function expectNoLeak(result: unknown): void {
    expect(JSON.stringify(result)).not.toContain(PASSWORD);
    expect(server.commands.join('\n')).not.toContain(PASSWORD);
    expect(
      log()
        .filter((line) => line.startsWith('start'))
        .join('\n'),
    ).not.toContain(PASSWORD);
  }

  describe('without a password', () => {
    it('runs the script in a root shell with a static command line', async () => {
      mode('free');
      const result = await run('printf "%s|" "$@"', ["a'b", 'c d']);
      expect(result.ok && result.value.stdout.toString()).toBe("a'b|c d|");
      expect(server.commands).toEqual(["sudo -n -- sh -c 'echo kubelatch-ready; exec sh -s'"]);
    });

    it('does not use sudo as root or with become: none', async () => {
      mode('denied');
      for (const one of [host('a', 'root'), { ...host('b'), ssh: { ...host().ssh, become: 'none' as const } }]) {
        expect(await (await rig.session(one)).run('exit 4', [], { deadline })).toMatchObject({
          ok: true,
          value: { code: 4 },
        });
      }
      expect(log()).toEqual(['']);
    });

    it('cuts off what login files print', async () => {
      mode('free');
      const noisy = await startOddServer({
        hostKeyFile: shop.path('host'),
        exec: (_command, channel) => {
          channel.write('Welcome!\nno line feed at the endkubelatch-rea');
          setTimeout(() => channel.write('dy\nresult'), 30);
          channel.on('end', () => {
            channel.exit(0);
            channel.end();
          });
          channel.resume();
          return true;
        },
      });
      rig.later(() => noisy.stop());
      const known = shop.write('known-noisy', `[127.0.0.1]:${noisy.port} ${noisy.hostKey}\n`);
      const session = await rig.session(hostAt(noisy.port, { transport, user: 'ops', knownHostsFile: known }));
      const result = await session.run('x', [], { deadline });
      expect(result.ok && result.value.stdout.toString()).toBe('result');
    });
  });

  describe('with a password', () => {
    it('gives it to the prompt alone, once for several calls and hosts', async () => {
      mode('password');
      const secrets = answering({ becomePassword: [PASSWORD] });
      const made = rig.connector({ secrets });
      const sessions = await Promise.all(['a', 'b', 'c'].map((name) => made.connect(host(name))));
      const results = await Promise.all(
        sessions.map(async (one) => (one.ok ? one.value.run('cat; echo "$1" >&2', ['x'], { deadline }) : one)),
      );
      const again = sessions[0]?.ok === true ? await sessions[0].value.run('exit 5', [], { deadline }) : undefined;
      for (const result of results) expect(result).toMatchObject({ ok: true, value: { code: 0, stderr: 'x\n' } });
      expect(results.map((result) => result.ok && result.value.stdout.toString())).toEqual(['', '', '']);
      expect(again).toMatchObject({ ok: true, value: { code: 5 } });
      expect(secrets.asked).toHaveLength(1);
      expect(given()).toEqual(Array.from({ length: 4 }, () => `given ${PASSWORD}`));
      expectNoLeak([results, again]);
    });

    it('remembers that a host wants one, for fresh connections too', async () => {
      mode('password');
      const made = rig.connector({ secrets: answering({ becomePassword: [PASSWORD] }) });
      const first = await made.connect(host());
      if (first.ok) await first.value.run('exit 0', [], { deadline });
      const fresh = await made.fresh(host());
      if (fresh.ok) expect(await fresh.value.run('exit 0', [], { deadline })).toMatchObject({ ok: true });
      expect(server.commands.filter((command) => command.startsWith('sudo -n'))).toHaveLength(1);
    });

    it('asks again for a mistyped one', async () => {
      mode('password');
      const secrets = answering({ becomePassword: ['typo', PASSWORD] });
      expect(await run('cat; exit 3', [], { secrets })).toMatchObject({ ok: true, value: { code: 3 } });
      expect(given()).toEqual(['given typo', `given ${PASSWORD}`]);
      expect(secrets.questions).toEqual([
        { alone: false, refusedBy: undefined, triesLeft: 3 },
        { alone: false, refusedBy: 'node1', triesLeft: 2 },
      ]);
    });

    it('asks three times at most, each in a sudo of its own', async () => {
      mode('password');
      const secrets = answering({ becomePassword: ['wrong-guess'] });
      const result = await run('exit 0', [], { secrets });
      expect(result).toMatchObject({
        ok: false,
        error: { kind: 'sudo-password', message: 'sudo rejected the password of ops 3 times' },
      });
      expect(JSON.stringify(result)).not.toContain('wrong-guess');
      // What is said of passwords must not look like one.
      const { hint } = result.ok ? { hint: '' } : result.error;
      expect(hint).toContain('per-host');
      expect(redact(hint)).toBe(hint);
      expect(given()).toEqual(Array.from({ length: 3 }, () => 'given wrong-guess'));
      expect(server.commands.filter((command) => command.startsWith('sudo -S'))).toHaveLength(3);
      expect(secrets.asked).toHaveLength(3);
    });

    it('says that no other one was entered', async () => {
      mode('password');
      const result = await run('exit 0', [], { secrets: answering({ becomePassword: ['wrong', ''] }) });
      expect(result).toMatchObject({
        ok: false,
        error: { kind: 'sudo-password', message: 'sudo rejected the password of ops, and no other was entered' },
      });
    });

    it('gives no other host a password that is wrong three times', async () => {
      mode('password');
      const secrets = answering({ becomePassword: ['wrong'] });
      const made = rig.connector({ secrets });
      const sessions = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => made.connect(host(name))));
      const results = await Promise.all(
        sessions.map(async (one) => (one.ok ? one.value.run('exit 0', [], { deadline }) : one)),
      );
      // Which host gets the next password depends on who is first: one that refused may, or one that still waits.
      const messages = results.map((result) => (result.ok ? '' : result.error.message));
      const refusals = messages.map((message) => /^sudo rejected the password of ops(?: ([23]) times)?$/.exec(message));
      const spared = messages.filter((message) => /entered are wrong on [a-e]; none was sent$/.test(message));
      const tries = refusals.flatMap((refusal) => (refusal === null ? [] : [Number(refusal[1] ?? 1)]));
      expect(tries.reduce((sum, count) => sum + count, 0)).toBe(3);
      expect(tries.length + spared.length).toBe(5);
      expect(given()).toHaveLength(3);
      expect(secrets.asked).toHaveLength(3);
    });

    it('does not spread a wrong one over the fleet: the next host asks again', async () => {
      mode('password');
      const secrets = answering({ becomePassword: ['wrong', PASSWORD] });
      const made = rig.connector({ secrets });
      const sessions = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => made.connect(host(name))));
      const results = await Promise.all(
        sessions.map(async (one) => (one.ok ? one.value.run('exit 0', [], { deadline }) : one)),
      );
      expect(results.map((result) => result.ok)).toEqual([true, true, true, true, true]);
      expect(given().filter((line) => line === 'given wrong')).toHaveLength(1);
      expect(secrets.asked).toHaveLength(2);
    });

    it('says that nobody can be asked', async () => {
      mode('password');
      expect(await run('exit 0')).toMatchObject({
        ok: false,
        error: { kind: 'sudo-password', message: expect.stringContaining('no terminal') as string },
      });
    });

    it('says that nothing was entered', async () => {
      mode('password');
      expect(await run('exit 0', [], { secrets: answering({ becomePassword: [''] }) })).toMatchObject({
        ok: false,
        error: { kind: 'sudo-password', message: 'sudo needs the password of ops, but none was entered' },
      });
      const secrets = { ...silent, becomePassword: () => Promise.reject(new Error('Cancelled.')) };
      expect(await run('exit 0', [], { secrets })).toMatchObject({
        ok: false,
        error: { kind: 'sudo-password', message: 'sudo needs the password of ops, but none was entered' },
      });
    });

    it('asks for one host alone where only that host refuses it', async () => {
      mode('password');
      const own = await startSudoServer(rig, 'its own', 'odd');
      const known = shop.write('known-own', `[127.0.0.1]:${own.port} ${own.hostKey}\n`);
      shop.write('odd/mode', 'password');
      shop.write('odd/log', '');
      const odd = hostAt(own.port, { transport, user: 'ops', become: 'sudo', knownHostsFile: known }, 'odd');
      const secrets = answering({ becomePassword: [PASSWORD, 'its own', PASSWORD] });
      const made = rig.connector({ secrets });
      for (const one of [host('a'), odd, host('a'), odd, host('b'), host('c')]) {
        const session = await made.connect(one);
        if (!session.ok) throw new Error(session.error.message);
        expect(await session.value.run('exit 0', [], { deadline })).toMatchObject({ ok: true });
      }
      expect(secrets.asked).toEqual(['a', 'odd', 'b'].map((name) => `becomePassword ops@${name}`));
      expect(secrets.questions.map(({ alone }) => alone)).toEqual([false, true, false]);
      expect(given()).toEqual(Array.from({ length: 4 }, () => `given ${PASSWORD}`));
      const seen = readFileSync(shop.path('odd/log'), 'utf8').match(/^given .*$/gm);
      expect(seen).toEqual([`given ${PASSWORD}`, 'given its own', 'given its own']);
    });

    it('does not count the time in which a person types', async () => {
      mode('password');
      const slow = {
        ...silent,
        becomePassword: () => new Promise<string>((resolve) => setTimeout(() => resolve(PASSWORD), 4000)),
      };
      const session = await rig.session(host(), { secrets: slow });
      expect(await session.run('exit 0', [], { deadline: 3500 })).toMatchObject({ ok: true });
    });

    it('quotes what sudo says afterwards without the password', async () => {
      mode('unlisted');
      const result = await run('exit 0', [], { secrets: answering({ becomePassword: [PASSWORD] }) });
      expect(result).toMatchObject({
        ok: false,
        error: { kind: 'sudo', message: expect.stringContaining('you typed [secret]') as string },
      });
      expectNoLeak(result);
    });

    it('asks again if sudo ends after one wrong try', async () => {
      mode('onetry');
      const secrets = answering({ becomePassword: ['wrong', PASSWORD] });
      const session = await rig.session(host(), { secrets });
      expect(await session.run('exit 0', [], { deadline })).toMatchObject({ ok: false, error: { kind: 'sudo' } });
      expect(await session.run('exit 0', [], { deadline })).toMatchObject({ ok: true });
    });

    it('does not send the script where a password was not accepted', async () => {
      mode('password');
      const trace = shop.path('ran');
      rmSync(trace, { force: true });
      await run('echo x >"$1"', [trace], { secrets: answering({ becomePassword: ['wrong'] }) });
      expect(existsSync(trace)).toBe(false);
      expect(log().join('\n')).not.toContain('echo x');
    });
  });

  describe('refused', () => {
    it.each([
      ['requiretty', 'you must have a tty'],
      ['denied', 'ops is not in the sudoers file.'],
    ])('%s is told in the words of sudo', async (name, words) => {
      mode(name);
      const secrets = answering({ becomePassword: [PASSWORD] });
      const result = await run('exit 0', [], { secrets });
      expect(result).toMatchObject({
        ok: false,
        error: { kind: 'sudo', message: expect.stringContaining(words) as string },
      });
      expect(JSON.stringify(result)).not.toContain('\\u001b');
      expect(secrets.asked).toEqual([]);
    });

    it('tells a missing sudo', async () => {
      const bare = await startOddServer({
        hostKeyFile: shop.path('host'),
        exec: (command, channel) => {
          // What a shell answers where there is no sudo.
          channel.exit(command.includes('command -v') ? 1 : 127);
          channel.end();
          return true;
        },
      });
      rig.later(() => bare.stop());
      const known = shop.write('known-bare', `[127.0.0.1]:${bare.port} ${bare.hostKey}\n`);
      const session = await rig.session(
        hostAt(bare.port, { transport, user: 'ops', become: 'sudo', knownHostsFile: known }),
      );
      expect(await session.run('exit 0', [], { deadline })).toMatchObject({
        ok: false,
        error: { kind: 'sudo', message: 'sudo is not installed' },
      });
    });

    it('tells a sudo that waits for something else', async () => {
      mode('hangs');
      const session = await rig.session(host());
      expect(await session.run('exit 0', [], { deadline: 3000 })).toMatchObject({
        ok: false,
        error: { kind: 'sudo', message: expect.stringContaining('Verification code:') as string },
      });
    });
  });
});
