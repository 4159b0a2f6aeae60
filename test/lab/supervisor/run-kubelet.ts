// How the kubelet runs: inside k3s, which ends with it; as RKE2's child, which is started again for ever.
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, closeSync, mkdirSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { line as klogLine, reason } from '../standin/klog.js';
import type { KubeletNode } from './defaults.js';
import { lineToRun, realMinor } from './kubelet-line.js';
import * as log from './log.js';

/** Its name must not be the kubelet's: inside k3s there is no such process. */
const part = '/run/lab/lab-part';
const partWords = '/run/lab/kubelet-part';

export interface RunningKubelet {
  stop(): void;
}

function prepare(): void {
  mkdirSync('/run/lab', { recursive: true, mode: 0o700 });
  rmSync(part, { force: true });
  symlinkSync('/opt/lab/kubelet', part);
}

function environment(node: KubeletNode): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, STANDIN_VERSION: node.version, LAB_KUBELET_PART: partWords };
  delete env['NOTIFY_SOCKET'];
  return env;
}

function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => {
      resolve(signal === null ? `exit status ${code ?? 1}` : `signal: ${signal === 'SIGKILL' ? 'killed' : signal}`);
    });
  });
}

/** The reason in a kubelet's dying line, whichever version wrote it. */
function dyingWords(line: string): string | undefined {
  const [, quoted] = /^E.* err="((?:[^"\\]|\\.)*)"/.exec(line) ?? [];
  if (quoted !== undefined) return quoted.replaceAll('\\"', '"');
  return /^F\d{4} .*?\] (.*)$/.exec(line)?.[1];
}

/** k3s: the kubelet's end is the whole program's. */
export function runInside(node: KubeletNode, args: readonly string[]): RunningKubelet {
  prepare();
  let words: string[];
  try {
    words = lineToRun(args, node.version, realMinor());
  } catch (thrown) {
    // It dies beside the program, which has by then said that it is ready.
    const end = setTimeout(() => log.fatal(`kubelet exited: ${reason(thrown)}`), 300);
    return { stop: () => clearTimeout(end) };
  }
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', part, ...words], {
    env: environment(node),
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let last = '';
  let rest = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    process.stderr.write(text);
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) last = dyingWords(line) ?? last;
  });
  void ended(child).then((how) => log.fatal(`kubelet exited: ${last || how}`));
  return { stop: () => child.kill('SIGKILL') };
}

/** RKE2: a child with its own log; five seconds after its end it is started again, and the unit stays active. */
export function runAsChild(node: KubeletNode, args: readonly string[], program: string): RunningKubelet {
  prepare();
  const logFile = join(node.layout.agent, 'logs/kubelet.log');
  mkdirSync(join(node.layout.agent, 'logs'), { recursive: true, mode: 0o700 });
  let child: ChildProcess | undefined;

  async function once(): Promise<string> {
    try {
      const words = lineToRun(args, node.version, realMinor());
      writeFileSync(partWords, [part, ...words].map((word) => `${word}\0`).join(''));
    } catch (thrown) {
      appendFileSync(logFile, klogLine('E', 'run.go:72', 'command failed', { err: reason(thrown) }), { mode: 0o600 });
      return 'exit status 1';
    }
    const output = openSync(logFile, 'a', 0o600);
    child = spawn(program, args, { argv0: 'kubelet', env: environment(node), stdio: ['ignore', output, output] });
    closeSync(output);
    return ended(child);
  }

  void (async () => {
    for (;;) {
      log.error(`Kubelet exited: ${await once()}`);
      await sleep(5000);
    }
  })();
  return { stop: () => void child?.kill('SIGKILL') };
}
