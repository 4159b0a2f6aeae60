/** Logins and channels that only an odd server shows: passwords, questions, several factors, hanging up, no exit status. */
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
  it('are asked for once per host', async () => {
    const { server, host } = await serve({ login: passwordOnly('pw') });
    const secrets = answering({ password: ['pw'] });
    const made = rig.connector({ secrets });
    const results = await Promise.all([made.connect(host()), made.connect(host()), made.connect(host())]);
    expect(results.map((result) => result.ok)).toEqual([true, true, true]);
    expect(secrets.asked).toEqual(['password ops@node1']);
    // The server takes no keys: none is shown to it.
    expect(server.logins).not.toContain('publickey ops');
  });

  it('that are wrong are tried once and asked for anew the next time', async () => {
    const { server, host } = await serve({ login: passwordOnly('pw') });
    const made = rig.connector({ secrets: answering({ password: ['bad', 'pw'] }) });
    const result = await made.connect(host());
    expect(result).toMatchObject({ ok: false, error: { kind: 'auth', hint: 'check the password and the user name' } });
    expect(server.logins.filter((login) => login.startsWith('password'))).toHaveLength(1);
    expect((await made.connect(host())).ok).toBe(true);
  });

  it('that nobody can type are told as such', async () => {
    const { host } = await serve({ login: passwordOnly('pw') });
    expect(await rig.refusal(host())).toMatchObject({
      kind: 'auth',
      hint: expect.stringContaining('run on a terminal') as string,
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
    expect(await rig.refusal(host(), { secrets: answering({ password: ['bad'] }) })).toMatchObject({ kind: 'auth' });
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
  it('during the login is told as that', async () => {
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

  it('of a user without a shell are told', async () => {
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
