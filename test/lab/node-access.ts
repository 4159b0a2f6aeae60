// Runs scripts as root inside a lab node, past its sshd, and talks to the cluster's API and the kubelet's ports from outside.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';

export interface Outcome {
  /** Exit status; 128 + signal number as a shell says it, 124 when the time was up. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  /** Milliseconds; 180 000 unless told. */
  readonly timeout?: number;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
};
const firstChild = (pid: string): string => read(`/proc/${pid}/task/${pid}/children`).split(' ')[0] ?? '';

/** The pid of a node's first process; empty while the node is down. Another one after each start. `state`: the lab's state folder. */
export function firstProcess(state: string, node: string): string {
  const [keeper = ''] = read(join(state, 'nodes', node, 'keeper')).split(' ');
  return firstChild(firstChild(keeper));
}

/** Runs a bash script as root inside a node, as enter.sh does, with fewer processes. */
export function runInside(state: string, node: string, script: string, options?: RunOptions): Promise<Outcome> {
  const first = firstProcess(state, node);
  if (first === '') return Promise.resolve({ code: 1, stdout: '', stderr: `the node ${node} is not running` });
  const spaces = ['mount', 'uts', 'ipc', 'net', 'pid', 'cgroup', 'root', 'wd'].map((name) => `--${name}`);
  const env = ['HOME=/root', 'LANG=C.UTF-8', `TERM=${process.env['TERM'] ?? 'dumb'}`];
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return run('nsenter', ['--target', first, ...spaces, '--', 'env', '-i', ...env, path, 'bash', '-c', script], options);
}

/** Runs a program and collects what it says; never throws for its exit status. */
export function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    // A group of its own: the time limit must also end what the program started.
    const child = spawn(file, args, { detached: true, stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, options.timeout ?? 180_000);
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code: late ? 124 : (code ?? 137), stdout, stderr });
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin ?? '');
  });
}

/** One GET to the cluster's API server as its administrator. `state` is the lab's state folder. Rejects when nothing answers in 60 s. */
export function apiGet(state: string, path: string): Promise<Answer> {
  const api = (file: string): Buffer => readFileSync(join(state, 'api', file));
  return get({
    host: api('address').toString('utf8').trim(),
    port: 6443,
    path,
    ca: api('ca.crt'),
    cert: api('admin.crt'),
    key: api('admin.key'),
  });
}

/** What an anonymous caller gets from `/pods` on 10250: the HTTP status, or that nothing listens there. */
export async function anonymousPods(address: string): Promise<number | 'refused'> {
  try {
    return (await get({ host: address, port: 10250, path: '/pods', rejectUnauthorized: false })).status;
  } catch {
    return 'refused';
  }
}

/** Whether a TCP port accepts connections; anything but an accepted one within 3 s counts as refused. */
export function portState(address: string, port: number): Promise<'open' | 'refused'> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: 3_000 });
    const end = (state: 'open' | 'refused'): void => {
      socket.destroy();
      resolve(state);
    };
    socket.once('connect', () => end('open'));
    socket.once('error', () => end('refused'));
    socket.once('timeout', () => end('refused'));
  });
}

interface Question {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly rejectUnauthorized?: boolean;
}

function get(question: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...question, agent: false, timeout: 60_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer from ${question.host}:${question.port} in 60 s`)));
    asked.on('error', reject);
    asked.end();
  });
}
