/** The variables of a service: from Environment=, from its environment files, and those whose values only systemd knows. */
import { type Assignment, dependsOnVersion, hasBytes, parseEnvironmentFile } from './environment-file.js';
import type { EnvironmentPath, Place, ServiceNote, ServiceSettings } from './unit-directives.js';
import type { Spanned } from './spanned.js';

export interface Origin extends Place {
  /**
   * `unit` and `drop-in`: in ExecStart= itself; `environment`: in Environment=; `environment-file`: in a file that
   * EnvironmentFile= names; `config`: in a supervisor's configuration; `built-in`: a supervisor's default; `running`: only seen
   * in the running process.
   */
  readonly kind: 'unit' | 'drop-in' | 'environment' | 'environment-file' | 'config' | 'built-in' | 'running';
  readonly variable?: string | undefined;
}

export interface Variable {
  readonly value: Spanned;
  readonly origin: Origin;
  /** As written in the unit, if it may contain specifiers. */
  readonly written?: Spanned | undefined;
  /** Why the real value may differ. */
  readonly unclear?: string | undefined;
}

/** An assignment that a later one replaces, so it has no effect. */
export interface OverriddenVariable {
  readonly name: string;
  readonly value: string;
  readonly origin: Origin;
  readonly overriddenBy: Origin;
  /** The other entry takes this one as its value, instead of assigning the same name again. */
  readonly takenAsValue?: boolean | undefined;
}

/** What is known of the files that a service may name. */
export interface ServiceFiles {
  /** A file's text. Undefined if it is absent or could not be read. */
  readonly read: (path: string) => string | undefined;
  /** The state of a file without text. */
  readonly stateOf: (path: string) => 'absent' | 'folder' | 'unread';
  /** The paths that a pattern matches. Undefined if the probe did not expand it. */
  readonly matches: (pattern: string) => readonly string[] | undefined;
}

export interface ServiceEnvironment {
  readonly variables: ReadonlyMap<string, Variable>;
  readonly hidden: readonly OverriddenVariable[];
  /** In the order systemd reads them. A pattern that was not expanded is kept as it is. */
  readonly files: readonly string[];
  /** Names of variables that are set, but whose values are unknown. */
  readonly unknownValues: ReadonlySet<string>;
  readonly faults: readonly ServiceNote[];
  readonly unclear: readonly ServiceNote[];
}

/** Variables that systemd sets itself unless the unit does (build_environment in src/core/execute.c, and the manager's own). */
const setBySystemd = [
  ...['PATH', 'LANG', 'HOME', 'LOGNAME', 'USER', 'SHELL', 'TERM', 'INVOCATION_ID', 'JOURNAL_STREAM', 'LOG_NAMESPACE'],
  ...['RUNTIME_DIRECTORY', 'STATE_DIRECTORY', 'CACHE_DIRECTORY', 'LOGS_DIRECTORY', 'CONFIGURATION_DIRECTORY'],
  ...['CREDENTIALS_DIRECTORY', 'SYSTEMD_EXEC_PID', 'NOTIFY_SOCKET', 'MAINPID', 'MANAGERPID', 'PIDFILE', 'FDSTORE'],
  ...['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'WATCHDOG_PID', 'WATCHDOG_USEC', 'SYSTEMD_NSS_DYNAMIC_BYPASS'],
  ...['MEMORY_PRESSURE_WATCH', 'MEMORY_PRESSURE_WRITE', 'TRIGGER_UNIT', 'TRIGGER_PATH', 'REMOTE_ADDR', 'REMOTE_PORT'],
  ...['TRIGGER_TIMER_REALTIME_USEC', 'TRIGGER_TIMER_MONOTONIC_USEC'],
];

/**
 * @param systemd its version; undefined if unknown
 * @param manager names of the variables in the service manager's own environment
 */
export function readEnvironment(
  settings: ServiceSettings,
  files: ServiceFiles,
  systemd: number | undefined,
  manager: readonly string[],
): ServiceEnvironment {
  const variables = new Map<string, Variable>();
  const hidden: OverriddenVariable[] = [];
  const assign = (name: string, variable: Variable): void => {
    const before = variables.get(name);
    if (before !== undefined) {
      hidden.push({ name, value: before.value.text, origin: before.origin, overriddenBy: variable.origin });
    }
    variables.set(name, variable);
  };
  for (const { name, value, written, place, unclear } of settings.environment) {
    assign(name, { value, written, unclear, origin: { kind: 'environment', ...place, variable: name } });
  }
  const found = findFiles(settings.environmentFiles, files);
  const unclear = [...found.unclear];
  for (const path of found.paths) {
    const text = files.read(path) ?? '';
    for (const one of parseEnvironmentFile(text, systemd ?? 0)) assign(one.name, variableIn(path, one));
    const why = unclearText(text, systemd);
    if (why !== undefined) unclear.push({ path, message: why });
  }
  const removed = new Set(settings.removed);
  for (const [name, { value }] of variables) {
    if (removed.has(name) || removed.has(`${name}=${value.text}`)) variables.delete(name);
  }
  const unknown = [...setBySystemd, ...manager, ...settings.passed].filter(
    (name) => !variables.has(name) && !removed.has(name),
  );
  return { variables, hidden, files: found.paths, unknownValues: new Set(unknown), faults: found.faults, unclear };
}

/** A variable from an environment file. */
export function variableIn(path: string, { name, value, line }: Assignment): Variable {
  const start = value.at[0] ?? 0;
  const end = (value.at.at(-1) ?? start - 1) + 1;
  return { value, origin: { kind: 'environment-file', path, line, start, end, variable: name } };
}

function unclearText(text: string, systemd: number | undefined): string | undefined {
  if (hasBytes(text, systemd ?? 0)) return 'the file contains bytes that are not text';
  return systemd === undefined && dependsOnVersion(text)
    ? 'a comment ends in a backslash, which systemd reads differently since version 254, and the version on this node is unknown'
    : undefined;
}

interface FoundFiles {
  readonly paths: string[];
  readonly faults: ServiceNote[];
  readonly unclear: ServiceNote[];
}

function findFiles(named: readonly EnvironmentPath[], files: ServiceFiles): FoundFiles {
  const found: FoundFiles = { paths: [], faults: [], unclear: [] };
  for (const { path, optional, place } of named) {
    const isPattern = /[*?[\\]/.test(path);
    const paths = isPattern ? files.matches(path) : [path];
    if (paths === undefined) {
      found.unclear.push({ ...place, message: `the files that EnvironmentFile=${path} matches are unknown` });
      found.paths.push(path);
      continue;
    }
    const why = paths.length === 0 ? 'matches no file' : missing(path, paths, files);
    if (why !== undefined && !optional) {
      found.faults.push({
        ...place,
        message: `EnvironmentFile=${path} ${why}, and the path has no leading - to make it optional`,
      });
    }
    found.paths.push(...paths);
  }
  return found;
}

function missing(named: string, paths: readonly string[], files: ServiceFiles): string | undefined {
  for (const path of paths) {
    const state = files.read(path) === undefined ? files.stateOf(path) : 'unread';
    if (state === 'unread') continue;
    const what = state === 'absent' ? 'does not exist' : 'is a folder';
    return path === named ? what : `matches ${path}, which ${what}`;
  }
  return undefined;
}
