/** kubectl on this machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Result, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { script } from '../node/scripts.js';
import { type ClusterError, type Gateway, getOver, sendOver, startPatience, unreachable } from './gateway.js';

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
  const proxy = [options.kubectl, ...flags, 'proxy', `--unix-socket=${socketPath}`];
  const child = spawnApart(proxy);
  const wipe = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', wipe);
  const close = (): Promise<void> => {
    signalAll(child, 'SIGTERM');
    wipe();
    process.off('exit', wipe);
    return Promise.resolve();
  };
  const started = await whenServing(child, options.kubectl);
  if (!started.ok) {
    await close();
    return started;
  }
  return ok({
    get: (path, deadline) => getOver(() => dial(socketPath), path, deadline),
    send: (request, deadline) => sendOver(() => dial(socketPath), request, deadline),
    kubectl: (args, deadline) => runKubectl(options.kubectl, [...flags, ...args], deadline),
    close,
  });
}

function whenServing(child: ChildProcess, kubectl: string): Promise<Result<undefined, ClusterError>> {
  return new Promise((resolve) => {
    let said = '';
    const late = `${kubectl} proxy did not start within ${startPatience / 1000} s`;
    const timer = setTimeout(() => resolve(unreachable(late)), startPatience);
    const end = (result: Result<undefined, ClusterError>): void => {
      clearTimeout(timer);
      resolve(result);
    };
    child.on('error', (error) => end(unreachable(`${kubectl} could not be run: ${error.message}`)));
    // Not `exit`: what it said may still be on its way then.
    child.on('close', () => end(unreachable(`${kubectl} proxy ended: ${oneLine(said)}`)));
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-2048);
    });
    let heard = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      heard = (heard + chunk.toString('utf8')).slice(-2048);
      if (heard.includes('Starting to serve')) end(ok(undefined));
    });
  });
}

const dial = (socketPath: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });

function runKubectl(
  kubectl: string,
  args: readonly string[],
  timeout: number,
): Promise<Result<undefined, ClusterError>> {
  return new Promise((resolve) => {
    const child = spawnApart([kubectl, ...args]);
    let said = '';
    // Not when it has ended: a credential plugin may live on and hold the pipes.
    const timer = setTimeout(() => {
      signalAll(child, 'SIGKILL');
      end(unreachable(`kubectl ${args.join(' ')} did not end within ${timeout / 1000} s`));
    }, timeout);
    const end = (result: Result<undefined, ClusterError>): void => {
      clearTimeout(timer);
      resolve(result);
    };
    child.stdout?.resume();
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-8192);
    });
    child.on('error', (error) => end(unreachable(`${kubectl} could not be run: ${error.message}`)));
    child.on('exit', (code) => {
      if (code === 0) end(ok(undefined));
    });
    child.on('close', (code, signal) => {
      end(unreachable(oneLine(said) || `kubectl ended with ${code ?? signal ?? 'nothing'}`));
    });
  });
}

/**
 * Ctrl-C reaches every process of the terminal, but the way to the API server is needed to the end: in a session of its own,
 * it ends with this process, also when that is killed and can end nothing any more.
 */
function spawnApart(command: readonly string[]): ChildProcess {
  const child = spawn('/bin/sh', ['-c', script('lifeline'), 'sh', ...command], { stdio: 'pipe', detached: true });
  const stop = (): void => signalAll(child, 'SIGTERM');
  process.once('exit', stop);
  child.once('exit', () => {
    process.off('exit', stop);
    // What it left behind must not hold its pipes.
    signalGroup(child.pid, 'SIGKILL');
  });
  return child;
}

/** A shell, kubectl, and what that started. Once the shell is gone, its number may be another's. */
function signalAll({ pid, exitCode, signalCode }: ChildProcess, signal: NodeJS.Signals): void {
  if (exitCode === null && signalCode === null) signalGroup(pid, signal);
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // Nobody of it is left.
  }
}
