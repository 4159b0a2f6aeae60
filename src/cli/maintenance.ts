/** What the flags of maintenance windows and hooks ask for: moments, questions, and programs that can be trusted. */
import { accessSync, closeSync, constants, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { now } from '../lib/clock.js';
import { ToolError, fileErrorOf } from '../lib/errors.js';
import { writableByOthers } from '../lib/own-file.js';
import { momentOf, momentText } from '../lib/wall-time.js';
import { type HookKind, type HookSettings, hookKinds } from '../run/hooks.js';
import type { Pauses } from '../run/pause.js';
import type { MaintenanceWindow } from '../run/window.js';
import type { Flags } from './options.js';

export interface Maintenance {
  readonly window: MaintenanceWindow | undefined;
  readonly pauses: Pauses | undefined;
  readonly hooks: HookSettings | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** `ask`: undefined where nobody can be asked. Throws ToolError `usage` where a hook cannot be trusted to run. */
export function maintenanceOf(flags: Flags, env: Environment, ask: Pauses['ask']): Maintenance {
  const { until, pauseAfter } = flags;
  // A time of day that has passed today is tomorrow's.
  const endsAt = until === undefined ? undefined : momentOf(until, now());
  return {
    window: until === undefined || endsAt === undefined ? undefined : { endsAt, given: until },
    pauses: pauseAfter && { after: pauseAfter, ask },
    hooks: hooksOf(flags, env),
  };
}

/** What is said before a run is confirmed. */
export function maintenanceLines({ window, pauses }: Maintenance): string[] {
  const waves = pauses?.after.map((one) => (one === 'each' ? 'each wave' : `wave ${one}`)).join(', ');
  return [
    ...(window === undefined ? [] : [`Only hosts that can finish by ${momentText(window.endsAt)} start.`]),
    ...(pauses === undefined
      ? []
      : [
          pauses.ask === undefined
            ? `There is no terminal to ask on: the run stops after ${waves ?? ''}, and resume goes on from there.`
            : `You are asked before the run goes on after ${waves ?? ''}.`,
        ]),
  ];
}

const fileOf = {
  'before-host': 'hookBeforeHost',
  'after-host': 'hookAfterHost',
  'before-wave': 'hookBeforeWave',
  'after-wave': 'hookAfterWave',
} as const satisfies Readonly<Record<HookKind, keyof Flags>>;

/** All that a hook sees of the environment. */
const passed = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];
const defaultTimeout = 60_000;

function hooksOf(flags: Flags, env: Environment): HookSettings | undefined {
  const files = hookKinds.flatMap((kind) => {
    const path = flags[fileOf[kind]];
    return path === undefined ? [] : [[kind, checkedPath(kind, path)] as const];
  });
  if (files.length === 0) return undefined;
  return {
    files: Object.fromEntries(files),
    timeout: flags.hookTimeout ?? defaultTimeout,
    env: Object.fromEntries(passed.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
  };
}

/** The file itself, by its absolute path: a link may point elsewhere later. */
function checkedPath(kind: HookKind, path: string): string {
  const refuse = (problem: string, hint?: string): ToolError =>
    new ToolError('usage', `--hook-${kind} ${path}: ${problem}`, { hint: hint ?? 'nothing was changed' });
  try {
    const real = realpathSync(path);
    const found = statSync(real);
    if (!found.isFile()) throw refuse('it is not a file');
    const fault = writableByOthers(real, found);
    if (fault !== undefined) throw refuse(`it is not trusted: ${fault.problem}`, fault.hint);
    if (!isProgram(real)) throw refuse('it is not a program', 'begin a script with a line such as #!/bin/sh');
    if (!isExecutable(real)) throw refuse('it is not executable', `run: chmod u+x ${path}`);
    return real;
  } catch (error) {
    throw error instanceof ToolError ? error : refuse(fileErrorOf(error));
  }
}

/** A text without an interpreter would be given to a shell. */
function isProgram(path: string): boolean {
  const file = openSync(path, constants.O_RDONLY);
  try {
    const head = Buffer.alloc(4);
    readSync(file, head, 0, head.length, 0);
    return head.toString('latin1').startsWith('#!') || head.some((byte) => byte > 0x7e || (byte > 0 && byte < 0x09));
  } finally {
    closeSync(file);
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
