/** A session with a real sshd: scripts, streams, fresh connections, the end of a connection. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as tlsConnect } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Host, SshSettings } from '../../src/inventory/host.js';
import type { ConnectOptions } from '../../src/ssh/connect.js';
import type { Session } from '../../src/ssh/session.js';
import { directTo } from '../../src/ssh/direct.js';
import { useRig } from './rig.js';
import { freePort, hostAt, startSshd } from './sshd.js';
import type { Sshd } from './sshd.js';

const rig = useRig();
const { shop } = rig;
let sshd: Sshd;

beforeAll(async () => {
  shop.key('user');
  sshd = await startSshd(shop, 'node', { authorized: ['user'] });
  rig.later(() => sshd.stop());
  shop.write('known', `[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n`);
});

const deadline = 10_000;

/** Stands before the sshd, and drops the first connections. */
async function busyFront(drops: number): Promise<{ port: number; known: string; knocks: () => number }> {
  let knocks = 0;
  const port = await rig.serve((socket) => {
    socket.on('error', () => undefined);
    if (++knocks <= drops) socket.destroy();
    else socket.pipe(connect(sshd.port, '127.0.0.1')).pipe(socket);
  });
  return { port, known: shop.write('known-busy', `[127.0.0.1]:${port} ${sshd.hostKey}\n`), knocks: () => knocks };
}

describe.each(['ssh2', 'openssh'] as const)('by %s', (transport) => {
  const host = (ssh: Partial<SshSettings> = {}): Host =>
    hostAt(sshd.port, { transport, identityFile: shop.path('user'), knownHostsFile: shop.path('known'), ...ssh });
  const session = (ssh: Partial<SshSettings> = {}, options: Partial<ConnectOptions> = {}): Promise<Session> =>
    rig.session(host(ssh), options);

  describe('run', () => {
    it('gives status, output and the arguments as they were', async () => {
      const args = ["it's", '$HOME `id` "x"', '', 'two\nlines', '*', '\\', 'größe'];
      const result = await (
        await session()
      ).run('for a in "$@"; do printf "<%s>" "$a"; done; echo oops >&2; exit 3', args, { deadline });
      expect(result.ok && { ...result.value, stdout: result.value.stdout.toString(), took: 0 }).toEqual({
        code: 3,
        signal: undefined,
        stdout: args.map((arg) => `<${arg}>`).join(''),
        stderr: 'oops\n',
        took: 0,
      });
    });

    it('tells the signal that ended the script', async () => {
      const result = await (await session()).run('kill -KILL $$', [], { deadline });
      expect(result).toMatchObject({ ok: true, value: { code: null, signal: 'SIGKILL' } });
    });

    it('ends a call at its deadline and leaves the connection usable, while the command still runs', async () => {
      const one = await session();
      const late = await one.run('echo started; exec sleep 5', [], { deadline: 300 });
      expect(late).toMatchObject({ ok: false, error: { kind: 'deadline' } });
      await new Promise((resolve) => setTimeout(resolve, 3_500));
      const next = await one.run('echo alive', [], { deadline });
      expect(next.ok && next.value.stdout.toString()).toBe('alive\n');
    });

    it('stops at the output cap and leaves the connection usable', async () => {
      const one = await session();
      const flood = await one.run('while :; do echo 0123456789abcdef0123456789abcdef; done', [], {
        deadline,
        maxBytes: 100_000,
      });
      expect(flood).toMatchObject({ ok: false, error: { kind: 'output' } });
      expect(await one.run('exit 7', [], { deadline })).toMatchObject({ ok: true, value: { code: 7 } });
    });

    it('takes exactly the cap', async () => {
      const result = await (await session()).run('printf 0123456789', [], { deadline, maxBytes: 10 });
      expect(result).toMatchObject({ ok: true, value: { code: 0 } });
    });

    it('keeps the last 8 KiB of stderr', async () => {
      const script = 'i=0; while [ $i -lt 3000 ]; do echo "line $i" >&2; i=$((i+1)); done';
      const result = await (await session()).run(script, [], { deadline });
      expect(result.ok && result.value.stderr.length).toBe(8192);
      expect(result.ok && result.value.stderr.endsWith('line 2999\n')).toBe(true);
    });

    it('is cancelled by its signal', async () => {
      const stop = new AbortController();
      const running = (await session()).run('exec sleep 2', [], { deadline, signal: stop.signal });
      setTimeout(() => stop.abort(), 200);
      expect(await running).toMatchObject({ ok: false, error: { kind: 'aborted' } });
    });

    it('runs more scripts at once than the server has channels', { timeout: 90_000 }, async () => {
      const one = await session();
      const results = await Promise.all(
        // That they all come to an end, in whatever time a busy machine takes.
        Array.from({ length: 25 }, (_, i) => one.run('echo "$1"', [String(i)], { deadline: 60_000 })),
      );
      expect(results.map((result) => result.ok && result.value.stdout.toString().trim())).toEqual(
        Array.from({ length: 25 }, (_, i) => String(i)),
      );
    });
  });

  async function listen(where: number | string): Promise<Server> {
    const server = createServer((socket) => socket.end('hello'));
    await new Promise<void>((resolve) =>
      typeof where === 'string' ? server.listen(where, resolve) : server.listen(where, '127.0.0.1', resolve),
    );
    rig.later(() => new Promise((resolve) => server.close(() => resolve())));
    return server;
  }

  describe('open', () => {
    it('leads to a port of the node', async () => {
      const { port } = (await listen(0)).address() as AddressInfo;
      const stream = await (await session()).open({ host: '127.0.0.1', port }, { deadline });
      expect(stream.ok && (await text(stream.value))).toBe('hello');
    });

    it('leads to a unix socket of the node', async () => {
      await listen(shop.path(`${transport}.sock`));
      const stream = await (await session()).open({ socketPath: shop.path(`${transport}.sock`) }, { deadline });
      expect(stream.ok && (await text(stream.value))).toBe('hello');
    });

    it('carries TLS', async () => {
      execFileSync(
        'openssl',
        [
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:P-256',
          '-nodes',
          '-days',
          '1',
          '-subj',
          '/CN=node1',
          '-keyout',
          shop.path('tls.key'),
          '-out',
          shop.path('tls.crt'),
        ],
        { stdio: 'ignore' },
      );
      const server = createHttpsServer(
        { key: readFileSync(shop.path('tls.key')), cert: readFileSync(shop.path('tls.crt')) },
        (_request, response) => {
          response.writeHead(401, { connection: 'close' }).end('x'.repeat(300_000));
        },
      );
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      rig.later(() => new Promise((resolve) => server.close(() => resolve())));
      const stream = await (
        await session()
      ).open({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }, { deadline });
      if (!stream.ok) throw new Error(stream.error.message);
      const secure = tlsConnect({ socket: stream.value, rejectUnauthorized: false });
      secure.write('GET /pods HTTP/1.1\r\nHost: x\r\n\r\n');
      const answer = await text(secure);
      expect(answer).toMatch(/^HTTP\/1\.1 401 /);
      expect(answer.length).toBeGreaterThan(300_000);
    });

    it('tells a closed port', async () => {
      const port = await freePort();
      const stream = await (await session()).open({ host: '127.0.0.1', port }, { deadline });
      expect(stream).toMatchObject({
        ok: false,
        error: { kind: 'refused', message: expect.stringContaining(`127.0.0.1:${port}`) as string },
      });
    });

    it('tells a server that forbids forwarding', async () => {
      const closed = await startSshd(shop, `closed-${transport}`, {
        authorized: ['user'],
        hostKeys: ['node-host'],
        config: ['DisableForwarding yes'],
      });
      rig.later(() => closed.stop());
      const known = shop.write('known-closed', `[127.0.0.1]:${closed.port} ${closed.hostKey}\n`);
      const one = await rig.session({
        ...host({ knownHostsFile: known }),
        ssh: { ...host().ssh, port: closed.port, knownHostsFile: known },
      });
      expect(await one.open({ host: '127.0.0.1', port: 1 }, { deadline })).toMatchObject({
        ok: false,
        error: { kind: 'forward' },
      });
      // sshd gives the same reason code for a forbidden socket and for a missing one.
      expect(await one.open({ socketPath: '/none' }, { deadline })).toMatchObject({
        ok: false,
        error: { kind: 'refused', message: expect.stringContaining('forbids') as string },
      });
      expect(await one.run('exit 0', [], { deadline })).toMatchObject({ ok: true });
    });
  });

  describe('connections', () => {
    it('fresh() is a connection of its own', async () => {
      const made = rig.connector();
      const ports = 'echo $SSH_CONNECTION';
      const seen: string[] = [];
      for (const result of [await made.connect(host()), await made.fresh(host())]) {
        const ran = result.ok ? await result.value.run(ports, [], { deadline }) : result;
        if (ran.ok) seen.push(ran.value.stdout.toString().trim());
      }
      expect(seen).toHaveLength(2);
      expect(seen[0]).not.toBe(seen[1]);
    });

    it('close() ends a session, and later calls fail as values', async () => {
      const one = await session();
      await one.close();
      await one.close();
      expect(await one.run('exit 0', [], { deadline })).toMatchObject({ ok: false, error: { kind: 'lost' } });
      expect(await one.open({ host: '127.0.0.1', port: 1 }, { deadline })).toMatchObject({
        ok: false,
        error: { kind: 'lost' },
      });
    });

    it('tells a connection that broke in the middle of a script', async () => {
      const one = await session();
      const result = await one.run('kill -KILL $PPID; exec sleep 2', [], { deadline });
      expect(result).toMatchObject({ ok: false, error: { kind: 'lost' } });
    });

    it('tells a port on which nothing listens', async () => {
      expect(
        await rig.refusal(hostAt(await freePort(), { transport, knownHostsFile: shop.path('known') })),
      ).toMatchObject({
        kind: 'refused',
      });
    });

    it('tells a name that does not resolve', async () => {
      expect(await rig.refusal({ ...host(), address: 'no-such-host.invalid' })).toMatchObject({ kind: 'dns' });
    });

    it('tells a machine that takes the connection and says nothing', async () => {
      const port = await rig.serve((socket) => socket.resume());
      expect(await rig.refusal(hostAt(port, { transport }), { connectTimeout: 300 })).toMatchObject({
        kind: 'timeout',
      });
    });

    it('tries again when the server hangs up early, and says so in the end', async () => {
      let knocks = 0;
      const port = await rig.serve((socket) => {
        knocks++;
        socket.destroy();
      });
      const error = await rig.refusal(hostAt(port, { transport }), { connectTimeout: 2_000 });
      expect(error).toMatchObject({
        kind: 'network',
        message: expect.stringMatching(
          /: the server dropped the connection before the login: .+ \(tried \d+ times in/,
        ) as string,
        hint: expect.stringMatching(/MaxStartups or PerSourcePenalties/) as string,
      });
      expect(knocks).toBeGreaterThan(1);
      expect(error.message).toContain(`(tried ${knocks} times in `);
    });

    it('reaches a server that was too busy at first', async () => {
      const busy = await busyFront(3);
      const there = { ...host(), ssh: { ...host().ssh, port: busy.port, knownHostsFile: busy.known } };
      expect((await rig.connector().connect(there)).ok).toBe(true);
      expect(busy.knocks()).toBe(4);
    });

    it('tells a server without common algorithms', async () => {
      const old = await startSshd(shop, `old-${transport}`, {
        authorized: ['user'],
        hostKeys: ['node-host'],
        config: ['Ciphers aes128-cbc'],
      });
      rig.later(() => old.stop());
      expect(await rig.refusal(hostAt(old.port, { transport }))).toMatchObject({ kind: 'algorithms' });
    });

    it('stops on the signal', async () => {
      const stop = new AbortController();
      stop.abort();
      expect(await rig.refusal(host(), { signal: stop.signal })).toMatchObject({ kind: 'aborted' });
    });
  });

  describe('direct', () => {
    const listening = async (): Promise<{ port: number; server: Server }> => {
      const server = createServer((socket) => socket.on('error', () => undefined).end('hello'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      rig.later(() => new Promise((resolve) => server.close(() => resolve())));
      return { server, port: (server.address() as AddressInfo).port };
    };

    it('reaches other ports of the address that was dialled, by whatever name', async () => {
      const { direct } = await session({}, {});
      expect(direct?.address).toBe('127.0.0.1');
      const { port } = await listening();
      const stream = await direct?.open(port, { deadline });
      if (stream?.ok !== true) throw new Error('no stream');
      expect(await text(stream.value)).toBe('hello');
    });

    it('tells a port that nobody listens on from an address that does not answer', async () => {
      const { direct } = await session();
      expect(await direct?.open(await freePort(), { deadline })).toMatchObject({
        ok: false,
        error: { kind: 'refused' },
      });
      // Reserved for documents: nobody answers there, whether packets are dropped or refused on the way.
      const began = Date.now();
      const away = await directTo('192.0.2.77').open(10250, { deadline: 300 });
      expect(away.ok).toBe(false);
      // The kernel would try for two minutes.
      expect(Date.now() - began).toBeLessThan(30_000);
    });
  });
});
