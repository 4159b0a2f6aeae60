/** A way to the API server: one long-lived `kubectl proxy` on a private socket, here or on a host over SSH. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { messageOf } from '../lib/errors.js';
import { sleep } from '../lib/clock.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { script } from '../node/scripts.js';
import type { Session } from '../ssh/session.js';

export interface ClusterError {
  readonly kind: 'unreachable' | 'refused' | 'malformed';
  /** HTTP status, where there was an answer. */
  readonly status?: number | undefined;
  readonly message: string;
}

export interface Gateway {
  /** The body of a GET as parsed JSON, or as text where it is none. */
  get(path: string, deadline?: number): Promise<Result<unknown, ClusterError>>;
  close(): Promise<void>;
}

/** Bytes of one answer: a list of 5,000 nodes fits. */
const bodyCap = 256 * 1024 * 1024;
const startPatience = 15_000;

/** Starts `kubectl proxy` on this machine. */
export async function openLocalGateway(options: {
  readonly kubectl: string;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}): Promise<Result<Gateway, ClusterError>> {
  const folder = await mkdtemp(join(tmpdir(), 'kubelatch-')); // 0700 by definition of mkdtemp
  const socketPath = join(folder, 'api');
  const flags = [
    ...(options.kubeconfig === undefined ? [] : [`--kubeconfig=${options.kubeconfig}`]),
    ...(options.context === undefined ? [] : [`--context=${options.context}`]),
  ];
  const child = spawn(options.kubectl, [...flags, 'proxy', `--unix-socket=${socketPath}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const close = async (): Promise<void> => {
    child.kill('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  };
  const started = await whenServing(child, options.kubectl);
  if (!started.ok) {
    await close();
    return started;
  }
  const dial = (): Promise<Duplex> => dialLocal(socketPath);
  return ok({ get: (path, deadline) => get(dial, path, deadline), close });
}

function whenServing(child: ChildProcess, kubectl: string): Promise<Result<undefined, ClusterError>> {
  return new Promise((resolve) => {
    let said = '';
    const timer = setTimeout(
      () => resolve(unreachable(`${kubectl} proxy did not start within ${startPatience / 1000} s`)),
      startPatience,
    );
    const end = (result: Result<undefined, ClusterError>): void => {
      clearTimeout(timer);
      resolve(result);
    };
    child.on('error', (error) => end(unreachable(`${kubectl} could not be run: ${error.message}`)));
    child.on('exit', () => end(unreachable(`${kubectl} proxy ended: ${oneLine(said)}`)));
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-2048);
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.includes('Starting to serve')) end(ok(undefined));
    });
  });
}

const dialLocal = (socketPath: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });

/** Starts `kubectl proxy` on a host; its credentials stay there. The session belongs to the gateway from then on. */
export async function openRemoteGateway(
  session: Session,
  options: {
    readonly kubeconfig?: string | undefined;
    readonly context?: string | undefined;
    /** Kubeconfigs and programs that distributions are known to have. */
    readonly kubeconfigs: readonly string[];
    readonly programs: readonly string[];
  },
): Promise<Result<Gateway, ClusterError>> {
  const folder = `/run/kubelatch-${randomBytes(8).toString('hex')}`;
  const args = [
    folder,
    options.kubeconfig ?? '-',
    options.context ?? '-',
    options.kubeconfigs.join(' '),
    options.programs.join(' '),
  ];
  let ended: string | undefined;
  const day = 24 * 3600 * 1000;
  void session.run(script('kubeproxy'), args, { deadline: day }).then((ran) => {
    ended = ran.ok ? oneLine(ran.value.stderr) || 'it ended' : ran.error.message;
  });
  const close = (): Promise<void> => session.close();
  const dial = async (): Promise<Duplex> => {
    const stream = await session.open({ socketPath: `${folder}/api` }, { deadline: 10_000 });
    if (!stream.ok) throw new Error(ended ?? stream.error.message);
    return stream.value;
  };
  for (let tries = 0; tries < startPatience / 100; tries += 1) {
    await sleep(100);
    if (ended !== undefined) break;
    const answer = await get(dial, '/version', 5000);
    if (answer.ok) return ok({ get: (path, deadline) => get(dial, path, deadline), close });
  }
  await close();
  return unreachable(`kubectl proxy on ${session.name}: ${ended ?? 'no answer in time'}`);
}

function get(dial: () => Promise<Duplex>, path: string, deadline = 10_000): Promise<Result<unknown, ClusterError>> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => finish(unreachable(`no answer within ${deadline / 1000} s`)), deadline);
    let stream: Duplex | undefined;
    const finish = (result: Result<unknown, ClusterError>): void => {
      clearTimeout(timer);
      resolve(result);
      stream?.destroy();
    };
    dial()
      .then((dialled) => {
        stream = dialled;
        dialled.on('error', (error) => finish(unreachable(error.message)));
        const sent = request(
          {
            createConnection: () => dialled,
            host: 'localhost',
            path,

            headers: { accept: 'application/json', connection: 'close' },
          },
          (response) => readBody(response, finish),
        );
        sent.on('error', (error) => finish(unreachable(error.message)));
        sent.end();
      })
      .catch((error: unknown) => finish(unreachable(messageOf(error))));
  });
}

function readBody(response: IncomingMessage, finish: (result: Result<unknown, ClusterError>) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  response.on('error', (error) => finish(unreachable(error.message)));
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > bodyCap) finish(fail({ kind: 'malformed', message: 'the answer is too large' }));
    else chunks.push(chunk);
  });
  response.on('end', () => {
    const text = Buffer.concat(chunks).toString('utf8');
    const status = response.statusCode ?? 0;
    const body = parseJson(text);
    if (status === 200) {
      finish(ok(body));
      return;
    }
    const said = typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : text;
    finish(fail({ kind: 'refused', status, message: oneLine(`HTTP ${status}: ${said}`) }));
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const unreachable = (message: string): { ok: false; error: ClusterError } =>
  fail({ kind: 'unreachable', message: oneLine(message) });
