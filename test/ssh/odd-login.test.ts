/** Logins and channels that only an odd server shows: passwords, questions, several factors, hanging up, no exit status. */
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AuthContext, ServerChannel } from 'ssh2';
import type { Session } from '../../src/ssh/session.js';
import { startOddServer } from './odd-server.js';
import type { OddOptions, OddServer } from './odd-server.js';
import { useRig } from './rig.js';
import { answering } from './secrets-fake.js';
import { hostAt } from './sshd.js';
import type { Host, SshSettings } from '../../src/inventory/host.js';

const rig = useRig();
const { shop } = rig;
const deadline = 10_000;
let count = 0;

beforeAll(() => {
  for (const key of ['host', 'user']) shop.key(key);
});

async function serve(
  options: Omit<OddOptions, 'hostKeyFile'>,
): Promise<{ server: OddServer; host: (ssh?: Partial<SshSettings>) => Host }> {
  const server = await startOddServer({ hostKeyFile: shop.path('host'), ...options });
  rig.later(() => server.stop());
  const knownHostsFile = shop.write(`known-${count++}`, `[127.0.0.1]:${server.port} ${server.hostKey}\n`);
  return {
    server,
    host: (ssh = {}) => hostAt(server.port, { user: 'ops', identityFile: shop.path('user'), knownHostsFile, ...ssh }),
  };
}

const passwordOnly = (right: string) => (context: AuthContext) => {
  if (context.method === 'password' && context.password === right) context.accept();
  else context.reject(['password']);
};

describe('passwords', () => {
  it('are asked for once, for all hosts of a user', async () => {
    const { server, host } = await serve({ login: passwordOnly('pw') });
    const secrets = answering({ password: ['pw'] });
    const made = rig.connector({ secrets });
    const hosts = ['n1', 'n2', 'n3'].map((name) => ({ ...host(), name }));
    const results = await Promise.all(hosts.map((one) => made.connect(one)));
    expect(results.map((result) => result.ok)).toEqual([true, true, true]);
    expect(secrets.asked).toEqual([expect.stringMatching(/^password ops@n[123]$/)]);
    expect(secrets.questions).toEqual([{ alone: false, refusedBy: undefined, triesLeft: 3 }]);
    expect((await made.connect({ ...host({ user: 'root' }), name: 'n4' })).ok).toBe(true);
    expect(secrets.asked.slice(1)).toEqual(['password root@n4']);
    // The server takes no keys: none is shown to it.
    expect(server.logins).not.toContain('publickey ops');
  });

  it('that are mistyped are asked for again, over the same connection', async () => {
    const { server, host } = await serve({ login: passwordOnly('pw') });
    const secrets = answering({ password: ['bad', 'pw'] });
    const made = rig.connector({ secrets });
    expect((await made.connect(host())).ok).toBe(true);
    expect(secrets.questions).toEqual([
      { alone: false, refusedBy: undefined, triesLeft: 3 },
      { alone: false, refusedBy: 'node1', triesLeft: 2 },
    ]);
    expect(server.logins).toEqual(['none ops', 'password ops', 'password ops']);
  });

  it('that are wrong three times are tried on no other host', async () => {
    const { server, host } = await serve({ login: passwordOnly('pw') });
    const secrets = answering({ password: ['bad'] });
    const made = rig.connector({ secrets });
    const hosts = ['n1', 'n2', 'n3', 'n4'].map((name) => ({ ...host(), name }));
    const results = await Promise.all(hosts.map((one) => made.connect(one)));
    const errors = results.flatMap((result) => (result.ok ? [] : [result.error]));
    expect(errors.map(({ kind }) => kind)).toEqual(['auth', 'auth', 'auth', 'auth']);
    // A host that is asked before the others have come so far may be the one that is asked again.
    const times = errors.map(({ message }) => /tried password(?: (\d) times)?$/.exec(message));
    const tries = times.map((found) => (found === null ? 0 : Number(found[1] ?? 1)));
    expect(tries.reduce((sum, one) => sum + one)).toBe(3);
    expect(errors.filter((_, at) => tries[at] === 0).length).toBeGreaterThan(0);
    for (const [at, { message, hint }] of errors.entries()) {
      if (tries[at] === 0) expect(message).toMatch(/entered are wrong on n\d, and none was sent$/);
      else expect(hint).toBe('check the user name and the password');
    }
    expect(server.logins.filter((login) => login.startsWith('password'))).toHaveLength(3);
    expect(secrets.asked).toHaveLength(3);
  });

  it('are asked for one host alone where only that host refuses, or where nobody compared its key', async () => {
    const { host } = await serve({ login: passwordOnly('pw') });
    const { server: odd, host: oddHost } = await serve({ login: passwordOnly('its own') });
    const secrets = answering({ password: ['pw', 'its own', 'pw', 'pw'] });
    const made = rig.connector({ secrets, hostKeys: 'accept-new' });
    const fresh = host({ knownHostsFile: shop.path('not-yet') });
    for (const [one, name] of [
      [host(), 'n1'],
      [oddHost(), 'odd'],
      [host(), 'n2'],
      [oddHost(), 'odd'],
      [fresh, 'new'],
    ] as const)
      expect(await made.connect({ ...one, name })).toMatchObject({ ok: true });
    expect(secrets.asked).toEqual(['n1', 'odd', 'n2', 'new'].map((name) => `password ops@${name}`));
    expect(secrets.questions.map(({ alone }) => alone)).toEqual([false, true, false, true]);
    expect(odd.logins.filter((login) => login.startsWith('password'))).toHaveLength(3);
  });

  it('of a jump host are its own', async () => {
    const { server, host } = await serve({ login: passwordOnly('pw') });
    const jump = `ops@127.0.0.1:${server.port}`;
    const secrets = answering({ password: ['bad', 'pw', 'pw'] });
    const made = rig.connector({ secrets });
    await Promise.all(['n1', 'n2'].map((name) => made.connect({ ...host({ jump: [jump] }), name })));
    expect(secrets.asked).toEqual([`password ops@${jump}`, `password ops@${jump}`]);
    expect(secrets.questions.map(({ alone }) => alone)).toEqual([true, true]);
    expect((await made.connect(host())).ok).toBe(true);
    expect(secrets.asked.slice(2)).toEqual(['password ops@node1']);
  });

  it('that nothing is entered for are told as that', async () => {
    const { host } = await serve({ login: passwordOnly('pw') });
    expect(await rig.refusal(host(), { secrets: answering({ password: [''] }) })).toMatchObject({
      kind: 'auth',
      message: expect.stringMatching(/: there was no key to try; no password was entered$/) as string,
      hint: 'run the command again and enter the password, or set identityFile in the inventory',
    });
  });

  it('that a second factor follows are not refused by it', async () => {
    const { host } = await serve({
      login: (context) => {
        if (context.method === 'password') context.reject(['publickey'], true);
        else context.reject(['password']);
      },
    });
    const secrets = answering({ password: ['pw'] });
    expect(await rig.refusal(host(), { secrets })).toMatchObject({ kind: 'auth' });
    expect(secrets.asked).toHaveLength(1);
  });

  it('that nobody can type are reported as such', async () => {
    const { host } = await serve({ login: passwordOnly('pw') });
    expect(await rig.refusal(host())).toMatchObject({
      kind: 'auth',
      message: expect.stringMatching(
        /: there was no key to try; there is no terminal to ask for a password$/,
      ) as string,
      hint: expect.stringContaining('run the command on a terminal') as string,
    });
  });

  it('answer a keyboard-interactive password question, and are not tried a second time as a password', async () => {
    const { server, host } = await serve({
      login: (context) => {
        if (context.method !== 'keyboard-interactive') {
          context.reject(['keyboard-interactive', 'password']);
          return;
        }
        context.prompt([{ prompt: 'Password: ', echo: false }], (answers) => {
          if (answers[0] === 'pw') context.accept();
          else context.reject(['keyboard-interactive', 'password']);
        });
      },
    });
    await rig.session(host(), { secrets: answering({ password: ['pw'] }) });
    await rig.session(host(), { secrets: answering({ password: ['bad', 'worse', 'pw'] }) });
    const secrets = answering({ password: ['bad'] });
    expect(await rig.refusal(host(), { secrets })).toMatchObject({ kind: 'auth' });
    expect(secrets.asked).toHaveLength(3);
    expect(server.logins.filter((login) => login.startsWith('password'))).toEqual([]);
  });
});

describe('several factors', () => {
  it('a key and then a one-time code', async () => {
    const { host } = await serve({
      login: (context) => {
        if (context.method === 'publickey') {
          if (context.signature === undefined) context.accept();
          else context.reject(['keyboard-interactive'], true);
        } else if (context.method === 'keyboard-interactive') {
          context.prompt([{ prompt: 'Code: ', echo: true }], (answers) =>
            answers[0] === '123' ? context.accept() : context.reject(),
          );
        } else context.reject(context.method === 'none' && keySeen(context) ? ['keyboard-interactive'] : ['publickey']);
      },
    });
    const secrets = answering({ answer: ['123'] });
    await rig.session(host(), { secrets });
    expect(secrets.asked).toEqual(['answer Code:']);
  });
});

const nones = new Map<string, number>();
/** The second `none` of a connection comes after the key was accepted as one factor. */
function keySeen(context: AuthContext): boolean {
  const seen = (nones.get(context.username) ?? 0) + 1;
  nones.set(context.username, seen);
  return seen > 1;
}

describe('a server that hangs up', () => {
  it('during the login is reported as that', async () => {
    const { host } = await serve({
      login: (context, client) => {
        if (context.method === 'none') context.reject(['publickey']);
        else client.end();
      },
    });
    expect(await rig.refusal(host())).toMatchObject({
      kind: 'network',
      message: expect.stringContaining('closed the connection during the login') as string,
    });
  });

  it('while a person typed is tried again with the answer', async () => {
    let hungUp = false;
    const { server, host } = await serve({
      login: (context, client) => {
        if (context.method !== 'password') context.reject(['password']);
        else if (hungUp) context.accept();
        else {
          hungUp = true;
          client.end();
        }
      },
    });
    const asked: string[] = [];
    const slow = {
      ...answering({}),
      password: (user: string) => {
        asked.push(user);
        return new Promise<string>((resolve) => setTimeout(() => resolve('pw'), 1_100));
      },
    };
    await rig.session(host(), { secrets: slow });
    expect(server.logins.filter((login) => login.startsWith('password'))).toHaveLength(2);
    expect(asked).toEqual(['ops']);
  });
});

describe('a server that hangs up while the password is asked for', () => {
  it('is logged in to with the answer, and nobody waits for ever', async () => {
    let hangUp: (() => void) | undefined;
    const { host } = await serve({
      login: (context, client) => {
        if (context.method === 'password') context.accept();
        else {
          context.reject(['password']);
          hangUp ??= () => client.end();
        }
      },
    });
    const asked: string[] = [];
    const slow = {
      ...answering({}),
      // The server hangs up while the person types, a second or more after the question on any machine.
      password: async (user: string) => {
        asked.push(user);
        await delay(1_100);
        hangUp?.();
        await delay(300);
        return 'pw';
      },
    };
    const made = rig.connector({ secrets: slow });
    const results = await Promise.all(['n1', 'n2'].map((name) => made.connect({ ...host(), name })));
    expect(results.map((result) => result.ok)).toEqual([true, true]);
    expect(asked).toEqual(['ops']);
  });
});

describe('channels', () => {
  const serveChannel = async (exec: (channel: ServerChannel) => void): Promise<Session> => {
    const { host } = await serve({
      exec: (_command, channel) => {
        exec(channel);
        return true;
      },
    });
    return rig.session(host());
  };

  it('that close without an exit status are lost', async () => {
    const session = await serveChannel((channel) => {
      channel.write('kubelatch-ready\nhalf a res');
      channel.close();
    });
    expect(await session.run('x', [], { deadline })).toMatchObject({ ok: false, error: { kind: 'lost' } });
  });

  it('of a user without a shell are reported', async () => {
    const session = await serveChannel((channel) => {
      channel.stderr.write('This account is \u001b[1mnot available\u001b[0m\n');
      channel.exit(1);
      channel.end();
    });
    expect(await session.run('x', [], { deadline })).toMatchObject({
      ok: false,
      error: { kind: 'script', message: expect.stringContaining('This account is not available') as string },
    });
  });

  it('that flood before the shell is ready are cut off', async () => {
    const session = await serveChannel((channel) => {
      const pour = (): void => {
        if (channel.writable && channel.write('x'.repeat(32_768))) setImmediate(pour);
      };
      channel.on('drain', pour);
      pour();
    });
    expect(await session.run('x', [], { deadline })).toMatchObject({ ok: false, error: { kind: 'output' } });
  });

  it('that flood stderr are cut off, too', async () => {
    const session = await serveChannel((channel) => {
      channel.write('kubelatch-ready\n');
      const pour = (): void => {
        if (channel.writable && channel.stderr.write('x'.repeat(32_768))) setImmediate(pour);
      };
      channel.on('drain', pour);
      channel.stderr.on('drain', pour);
      pour();
    });
    expect(await session.run('x', [], { deadline })).toMatchObject({
      ok: false,
      error: { kind: 'output', message: expect.stringContaining('on stderr') as string },
    });
  });

  it('give all output that comes after the exit status', async () => {
    const session = await serveChannel((channel) => {
      channel.write('kubelatch-ready\n');
      channel.resume();
      channel.on('end', () => {
        channel.exit(3);
        channel.write('late');
        channel.end();
      });
    });
    const result = await session.run('x', [], { deadline });
    expect(result.ok && [result.value.code, result.value.stdout.toString()]).toEqual([3, 'late']);
  });
});
