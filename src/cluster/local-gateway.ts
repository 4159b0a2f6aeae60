/** Access to the API server with kubectl on this machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { exitText } from '../lib/exit-text.js';
import { type Result, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { type KubectlPlaces, proxyEndReason } from './plain-reason.js';
import { createTempFolder } from '../lib/temp-folder.js';
import { script } from '../node/scripts.js';
import { type ClusterError, type Gateway, httpGet, httpRequest, startTimeout, unreachable } from './gateway.js';

/** Starts `kubectl proxy` on a private socket. Fails with `unreachable` if it does not start within 15 s. */
export async function openLocalGateway(options: {
  readonly kubectl: string;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** What to check where kubectl cannot use them. */
  readonly places: KubectlPlaces;
}): Promise<Result<Gateway, ClusterError>> {
  const folder = createTempFolder();
  const socketPath = join(folder, 'api');
  const flags = [
    ...(options.kubeconfig === undefined ? [] : [`--kubeconfig=${options.kubeconfig}`]),
    ...(options.context === undefined ? [] : [`--context=${options.context}`]),
  ];
  const proxy = [options.kubectl, ...flags, 'proxy', `--unix-socket=${socketPath}`];
  const child = spawnDetached(proxy);
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  const close = (): Promise<void> => {
    signalAll(child, 'SIGTERM');
    removeFolder();
    process.off('exit', removeFolder);
    return Promise.resolve();
  };
  const started = await waitUntilServing(child, options);
  if (!started.ok) {
    await close();
    return started;
  }
  return ok({
    get: (path, limits) => httpGet(() => dial(socketPath), path, limits),
    send: (request, deadline) => httpRequest(() => dial(socketPath), request, deadline),
    kubectl: (args, deadline) => runKubectl(options.kubectl, [...flags, ...args], deadline),
    close,
  });
}

function waitUntilServing(
  child: ChildProcess,
  { kubectl, places }: { readonly kubectl: string; readonly places: KubectlPlaces },
): Promise<Result<undefined, ClusterError>> {
  return new Promise((resolve) => {
    let stderr = '';
    const late = `${kubectl} proxy did not start within ${startTimeout / 1000} s`;
    const timer = setTimeout(() => resolve(unreachable(late)), startTimeout);
    const end = (result: Result<undefined, ClusterError>): void => {
      clearTimeout(timer);
      resolve(result);
    };
    child.on('error', (error) => end(unreachable(`${kubectl} could not be run: ${error.message}`)));
    // Wait for `close`, not `exit`, because stderr may still arrive after `exit`.
    child.on('close', () => end(unreachable(proxyEndReason(kubectl, stderr, places))));
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString('utf8')).slice(-2048);
    });
    let stdout = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout = (stdout + chunk.toString('utf8')).slice(-2048);
      if (stdout.includes('Starting to serve')) end(ok(undefined));
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
    const child = spawnDetached([kubectl, ...args]);
    let stderr = '';
    // The timer must not wait for the end of the process: a credential plugin may outlive it and keep the pipes open.
    const timer = setTimeout(() => {
      signalAll(child, 'SIGKILL');
      end(unreachable(`kubectl ${args.join(' ')} did not finish within ${timeout / 1000} s`));
    }, timeout);
    const end = (result: Result<undefined, ClusterError>): void => {
      clearTimeout(timer);
      resolve(result);
    };
    child.stdout?.resume();
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString('utf8')).slice(-8192);
    });
    child.on('error', (error) => end(unreachable(`${kubectl} could not be run: ${error.message}`)));
    child.on('exit', (code) => {
      if (code === 0) end(ok(undefined));
    });
    child.on('close', (code, signal) => {
      end(unreachable(oneLine(stderr) || `kubectl ${exitText(code, signal)}`));
    });
  });
}

/**
 * Ctrl-C signals every process of the terminal, but the API server is needed until the end. So kubectl gets its own session.
 * The lifeline script ends it with this process, even if this process is killed.
 */
function spawnDetached(command: readonly string[]): ChildProcess {
  const child = spawn('/bin/sh', ['-c', script('lifeline'), 'sh', ...command], { stdio: 'pipe', detached: true });
  const stop = (): void => signalAll(child, 'SIGTERM');
  process.once('exit', stop);
  child.once('exit', () => {
    process.off('exit', stop);
    // Processes that it started must not keep its pipes open.
    signalGroup(child.pid, 'SIGKILL');
  });
  return child;
}

/** Signals the shell, kubectl and its children. After the shell has exited, its pid may belong to another process. */
function signalAll({ pid, exitCode, signalCode }: ChildProcess, signal: NodeJS.Signals): void {
  if (exitCode === null && signalCode === null) signalGroup(pid, signal);
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // The process group is gone already.
  }
}
