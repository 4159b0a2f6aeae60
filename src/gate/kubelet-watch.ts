/** How a kubelet's unit and process fare on the node at this moment. */
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import type { WatchTarget } from '../facts/kubelet-setup.js';
import { parseTimespan } from '../facts/parse-units.js';
import { script } from '../node/scripts.js';
import type { HostError } from '../ssh/errors.js';
import type { Session } from '../ssh/session.js';

export interface KubeletState {
  readonly active: string;
  readonly sub: string;
  /** The kubelet's own process; 0 when none runs. */
  readonly pid: number;
  /** Kernel ticks since boot at which it started: with the pid, what tells one process from the next. */
  readonly startTicks: number;
  /** Its command line; undefined if the kubelet is not a separate process, or does not show it. */
  readonly argv?: readonly string[] | undefined;
  readonly restarts: number;
  /** Milliseconds. */
  readonly restartDelay: number;
  /** Pods' containers by the process that holds each: pid and start, which no other process shares. */
  readonly containers: readonly string[];
  /** The newest lines of its log, oldest first. */
  readonly log: readonly string[];
}

export async function watchKubelet(
  session: Session,
  target: WatchTarget,
  logLines: number,
): Promise<Result<KubeletState, HostError>> {
  const args = [target.unit, target.processName, String(logLines), target.logPath ?? '-'];
  const ran = await session.run(script('watch'), args, { deadline: 10_000, maxBytes: 1024 * 1024 });
  if (!ran.ok) return ran;
  const lines = ran.value.stdout.toString('utf8').split('\n');
  if (!lines.includes('end=')) {
    return fail({
      kind: 'script',
      message: 'the state of the unit could not be read',
      hint: 'check that systemctl works on the node',
    });
  }
  const get = (key: string): string => lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1) ?? '';
  const processesOf = (key: string): { pid: number; stat: string }[] =>
    lines.flatMap((line) => {
      const match = /^([a-z]+)=(\d+) (\S+)$/.exec(line);
      return match?.[1] === key ? [{ pid: Number(match[2]), stat: decode(match[3] ?? '') }] : [];
    });
  const processes = processesOf('process');
  const mainPid = Number(get('MainPID'));
  const own =
    processesOf('own')[0] ??
    processes.find(
      ({ stat }) => stat.includes(`(${target.processName})`) && (parentOf(stat) === mainPid || pidOf(stat) === mainPid),
    );
  const chosen = own ?? (target.child === true ? undefined : processes.find(({ pid }) => pid === mainPid));
  return ok({
    active: get('ActiveState'),
    sub: get('SubState'),
    pid: chosen?.pid ?? 0,
    argv: argvOf(processesOf('argv'), own?.pid),
    startTicks: chosen === undefined ? 0 : Number(afterName(chosen.stat)[19]),
    restarts: Number(get('NRestarts')) || 0,
    containers: processesOf('container').map(({ pid, stat }) => `${pid}@${afterName(stat)[19] ?? ''}`),
    restartDelay: parseTimespan(get('RestartUSec')),
    log: decode(get('log'))
      .split('\n')
      .map((line) => oneLine(line, 400))
      .filter((line) => line !== ''),
  });
}

/** The log lines that say why a kubelet died: its exit message if there is one, else errors, else the newest lines. */
export function lastErrors(log: readonly string[], most = 3): string[] {
  const own = log.filter((line) => !/^(systemd|Started|Stopped|Stopping|Starting|[\w@.-]+\.service: )/.test(line));
  const fatal = own.filter((line) => /^F\d{4} |^(panic|Error): |failed to run Kubelet|"command failed"/i.test(line));
  const errors = own.filter((line) => /^E\d{4} |\b(error|failed|fatal)\b/i.test(line));
  const chosen = fatal.length > 0 ? fatal : errors.length > 0 ? errors : own.length > 0 ? own : log;
  return chosen.slice(-most);
}

function argvOf(
  found: readonly { readonly pid: number; readonly stat: string }[],
  pid: number | undefined,
): readonly string[] | undefined {
  const words = found.find((one) => one.pid === pid)?.stat.split('\0') ?? [];
  if (words.at(-1) === '') words.pop();
  return words.length > 1 ? words : undefined;
}

const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');
const afterName = (stat: string): string[] => stat.slice(stat.lastIndexOf(')') + 2).split(' ');
const parentOf = (stat: string): number => Number(afterName(stat)[1]);
const pidOf = (stat: string): number => Number(stat.split(' ')[0]);
