import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Gateway, httpGet } from '../../src/cluster/gateway.js';
import { openLocalGateway } from '../../src/cluster/local-gateway.js';
import { openRemoteGateway } from '../../src/cluster/remote-gateway.js';
import { FakeSession } from '../fake/fake-session.js';

const kubectl = new URL('fake-kubectl.mjs', import.meta.url).pathname;
/** A busy machine takes its time. */
const patience = { timeout: 30_000 };
/** What to check where kubectl cannot use its kubeconfig. */
const places = { kubeconfig: '--kubeconfig', context: '--context' };
let dir: string;
const calls = (): string[][] =>
  readFileSync(join(dir, 'calls'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string[]);

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kubelatch-gateway-'));
  vi.stubEnv('FAKE_CALLS', join(dir, 'calls'));
  vi.stubEnv('TMPDIR', dir);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
});

/** Not so one that ended and that nobody has waited for. */
const lives = (pid: number): boolean => {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

async function withGateway(work: (gateway: Gateway) => Promise<void>): Promise<void> {
  const opened = await openLocalGateway({ kubectl, kubeconfig: '/k', context: 'c', places });
  if (!opened.ok) throw new Error(opened.error.message);
  try {
    await work(opened.value);
  } finally {
    await opened.value.close();
  }
}

describe('kubectl here', () => {
  it('serves on a private socket, and nothing of it stays', async () => {
    await withGateway(async (gateway) => {
      const flag = calls()[0]?.find((arg) => arg.startsWith('--unix-socket=')) ?? '';
      const folder = dirname(flag.slice('--unix-socket='.length));
      expect(statSync(folder).mode & 0o777).toBe(0o700);
      expect(calls()[0]?.slice(0, 3)).toEqual(['--kubeconfig=/k', '--context=c', 'proxy']);
      expect(await gateway.get('/api/v1/nodes')).toEqual({ ok: true, value: { path: '/api/v1/nodes' } });
      expect(await gateway.get('/text')).toEqual({ ok: true, value: 'ok' });
      const long = { kind: 'malformed', message: 'the response is too large' };
      expect(await gateway.get('/text', { bytes: 1 })).toEqual({ ok: false, error: long });
    });
    expect(
      readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => !/^kubelatch-\d+$/.test(name)),
    ).toEqual(['calls']);
  });

  it('tells what the API server refuses, in one clean line', () =>
    withGateway(async (gateway) => {
      const error = { kind: 'refused', status: 403, message: 'HTTP 403: nodes is forbidden: User "x"' };
      expect(await gateway.get('/forbidden')).toEqual({ ok: false, error });
      const other = await gateway.get('/error');
      expect(other).toMatchObject({ ok: false, error: { kind: 'refused', status: 502 } });
      expect(!other.ok && other.error.message.length).toBeLessThan(400);
    }));

  it('writes JSON with any method, and hands on the clock of the API server', () =>
    withGateway(async (gateway) => {
      const body = { metadata: { name: 'ü' } };
      for (const method of ['POST', 'PUT'] as const) {
        const seen = { method, url: '/x', type: 'application/json', got: body };
        const value = { body: seen, date: Date.parse('2026-11-23T12:00:05Z') };
        expect(await gateway.send({ method, path: '/x', body })).toEqual({ ok: true, value });
      }
      const patched = await gateway.send({ method: 'PATCH', path: '/x?a=b', body, dryRun: true });
      const seen = { method: 'PATCH', url: '/x?a=b&dryRun=All', type: 'application/merge-patch+json', got: body };
      expect(patched).toMatchObject({ ok: true, value: { body: seen } });
      const tried = await gateway.send({ method: 'POST', path: '/x', body, dryRun: true });
      expect(tried).toMatchObject({ ok: true, value: { body: { url: '/x?dryRun=All' } } });
      const taken = await gateway.send({ method: 'PUT', path: '/taken', body });
      expect(taken).toMatchObject({ ok: false, error: { kind: 'refused', status: 409 } });
    }));

  it('gives up on what is slow or cut short, and stays usable', () =>
    withGateway(async (gateway) => {
      const slow = { kind: 'unreachable', message: 'no answer within 0.1 s' };
      expect(await gateway.get('/slow', { deadline: 100 })).toEqual({ ok: false, error: slow });
      expect(await gateway.get('/cut')).toMatchObject({ ok: false, error: { kind: 'unreachable' } });
      expect((await gateway.get('/x')).ok).toBe(true);
    }));

  it('runs commands with the same credentials', () =>
    withGateway(async (gateway) => {
      expect(await gateway.kubectl(['cordon', 'n1'], 5000)).toEqual({ ok: true, value: undefined });
      expect(calls()[1]).toEqual(['--kubeconfig=/k', '--context=c', 'cordon', 'n1']);
      vi.stubEnv('FAKE_MODE', 'refuses');
      const error = { kind: 'unreachable', message: 'error: cannot delete Pods with local storage' };
      expect(await gateway.kubectl(['drain', 'n1'], 5000)).toEqual({ ok: false, error });
    }));

  it('is late at its deadline and not after it, and nothing of it lives on, whoever holds its pipes', () =>
    withGateway(async (gateway) => {
      vi.stubEnv('FAKE_MODE', 'hangs');
      const start = performance.now();
      const message = 'kubectl --kubeconfig=/k --context=c drain stubborn did not finish within 6 s';
      expect(await gateway.kubectl(['drain', 'stubborn'], 6000)).toEqual({
        ok: false,
        error: { kind: 'unreachable', message },
      });
      expect(performance.now() - start).toBeLessThan(20_000);
      const pids = calls().at(-1)?.map(Number) ?? [];
      expect(pids).toHaveLength(2);
      await vi.waitFor(() => expect(pids.filter(lives)).toEqual([]), patience);
    }));

  it('has ended with its own end, whatever it left behind', () =>
    withGateway(async (gateway) => {
      vi.stubEnv('FAKE_MODE', 'leaves');
      expect(await gateway.kubectl(['cordon', 'n1'], 30_000)).toEqual({ ok: true, value: undefined });
    }));

  it('says why it does not start', async () => {
    const missing = await openLocalGateway({ kubectl: '/nowhere/kubectl', places });
    expect(missing).toMatchObject({ ok: false, error: { kind: 'unreachable' } });
    expect(!missing.ok && missing.error.message).toMatch(
      /^\/nowhere\/kubectl proxy ended: .*\/nowhere\/kubectl.*not found/,
    );
    vi.stubEnv('FAKE_MODE', 'dies');
    const died = await openLocalGateway({ kubectl, places });
    expect(!died.ok && died.error.message).toBe('the kubeconfig has no context nope; check --context');
    expect(
      readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => !/^kubelatch-\d+$/.test(name)),
    ).toEqual(['calls']);
  });

  it('ends with a process that is killed', async () => {
    const module = new URL('../../dist/cluster/local-gateway.js', import.meta.url).pathname;
    const text = `import { openLocalGateway } from ${JSON.stringify(module)};
      const opened = await openLocalGateway({ kubectl: ${JSON.stringify(kubectl)}, places: ${JSON.stringify(places)} });
      console.log(opened.ok);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', text], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    expect(said.toString()).toBe('true\n');
    const flag = calls()[0]?.find((arg) => arg.startsWith('--unix-socket=')) ?? '';
    const dial = (): Promise<boolean> =>
      new Promise((resolve) => {
        const socket = connect(flag.slice('--unix-socket='.length));
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      });
    expect(await dial()).toBe(true);
    child.kill('SIGKILL');
    await vi.waitFor(async () => expect(await dial()).toBe(false), patience);
  });

  it('drains no longer than a process that is killed', async () => {
    const module = new URL('../../dist/cluster/local-gateway.js', import.meta.url).pathname;
    const text = `import { openLocalGateway } from ${JSON.stringify(module)};
      const opened = await openLocalGateway({ kubectl: ${JSON.stringify(kubectl)}, places: ${JSON.stringify(places)} });
      await opened.value.kubectl(['drain', 'n1'], 60_000);`;
    const env = { ...process.env, FAKE_MODE: 'hangs' };
    const child = spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: 'ignore', env });
    const pids = await vi.waitFor(() => {
      const [drain] = calls().filter((words) => words.every(Number.isInteger));
      return drain?.map(Number) ?? expect.fail('not yet');
    }, patience);
    child.kill('SIGKILL');
    await vi.waitFor(() => expect(pids.slice(0, 1).filter(lives)).toEqual([]), patience);
    for (const pid of pids.slice(1)) process.kill(pid);
  });

  it('is not reachable any more once it is closed', async () => {
    let kept: Gateway | undefined;
    await withGateway((gateway) => {
      kept = gateway;
      return Promise.resolve();
    });
    expect(await kept?.get('/x')).toMatchObject({ ok: false, error: { kind: 'unreachable' } });
  });
});

it('lets go of a stream that comes after the deadline', async () => {
  const late = new Duplex({ read: () => undefined });
  const dial = (): Promise<Duplex> => new Promise((resolve) => setTimeout(() => resolve(late), 60));
  expect((await httpGet(dial, '/', { deadline: 20 })).ok).toBe(false);
  await vi.waitFor(() => expect(late.destroyed).toBe(true), patience);
});

describe('kubectl on a host', () => {
  const options = { kubeconfigs: ['/etc/kubernetes/admin.conf', '/root/k'], programs: ['kubectl', 'k3s'] };

  it('is started once, asked through the connection, and ended with it', async () => {
    await withGateway(async () => {
      const flag = calls()[0]?.find((arg) => arg.startsWith('--unix-socket=')) ?? '';
      const session = new FakeSession('cp1')
        .onRun(
          (call) => call.args[4] === 'serve',
          () => new Promise(() => undefined),
          1,
        )
        .onRun((call) => call.args[4] === 'run', { code: 1, stderr: 'error: no such node\n' }, 1)
        .onOpen(
          (target) => 'socketPath' in target && /^\/run\/kubelatch-[0-9a-f]{16}\/api$/.test(target.socketPath),
          () =>
            new Promise((resolve) => {
              const socket = connect(flag.slice('--unix-socket='.length), () => resolve(socket));
            }),
        );
      const opened = await openRemoteGateway(session, { ...options, context: 'c' });
      if (!opened.ok) throw new Error(opened.error.message);
      expect(session.runs[0]?.args.slice(0, 4)).toEqual([
        '-',
        'c',
        '/etc/kubernetes/admin.conf /root/k',
        'kubectl k3s',
      ]);
      expect(await opened.value.get('/x')).toEqual({ ok: true, value: { path: '/x' } });
      const cordoned = await opened.value.kubectl(['cordon', 'n9'], 1000);
      expect(cordoned).toEqual({ ok: false, error: { kind: 'unreachable', message: 'error: no such node' } });
      expect(session.runs[1]?.args.slice(4)).toEqual(['run', 'cordon', 'n9']);
      await opened.value.close();
      expect(session.closed).toBe(true);
      session.verify();
    });
  });

  it('says why it does not start', async () => {
    const refused = { kind: 'refused', message: 'nobody listens', hint: '' } as const;
    const session = new FakeSession('cp1')
      .onRun('', { code: 3, stderr: 'kubectl was not found; tried: kubectl k3s\n' })
      .onOpen(() => true, { error: refused });
    const opened = await openRemoteGateway(session, options);
    const message = 'kubectl proxy on cp1: kubectl was not found; tried: kubectl k3s';
    expect(opened).toEqual({ ok: false, error: { kind: 'unreachable', message } });
    expect(session.closed).toBe(true);
  });
});
