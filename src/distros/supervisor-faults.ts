/** Finds what would keep a supervisor or its kubelet from starting, and which of its lines have no effect. Pure. */
import type { Origin } from '../facts/command-line.js';
import type { ConfigFault } from '../facts/config-file.js';
import type { Mistake } from '../facts/effective-kubelet.js';
import { kubeletFlag } from '../facts/kubelet-flag-table.js';
import { valueProblem } from '../facts/kubelet-flags.js';
import { maskedArgument } from '../facts/shown-values.js';
import { parseKubeVersion } from '../lib/kube-version.js';
import { isWithoutPath } from './supervised-drop-ins.js';
import type { KubeletArg, SupervisorConfig, WrittenName } from './supervisor-config.js';
import { type KeyTable, type Role, isBoolean, keyFault, suggestKey, newestKeys, switches } from './supervisor-keys.js';

/** What the checks need to know about the supervisor. */
export interface Reader {
  readonly title: string;
  readonly role: Role;
  readonly keys: KeyTable;
  /** Flags of kubelet-arg that the supervisor handles itself. */
  readonly ownArguments: ReadonlySet<string>;
  /**
   * The role is the first word after the program. If not, the supervisor does not filter the keys of its files, and rejects
   * unknown ones.
   */
  readonly roleComesFirst: boolean;
  readonly version: string | undefined;
  /** Files that the running supervisor has started with, so no key in them keeps it from starting. */
  readonly proven: ReadonlySet<string>;
}

export function keyFaults({ written, values }: SupervisorConfig, reader: Reader): ConfigFault[] {
  const { keys, role } = reader;
  const faults = written.flatMap((one): ConfigFault[] => {
    const message = one.origin.kind === 'config' ? fileKeyFault(one, reader) : argumentFault(one, reader);
    return message === undefined ? [] : [faultAt(one.origin, message)];
  });
  const booleans = [...values].flatMap(([name, entries]) =>
    switches.has(name) && keys[role].has(name) ? entries.map((entry) => ({ name, ...entry })) : [],
  );
  const unclear = booleans.filter(({ text }) => !isBoolean(text));
  return [
    ...faults,
    ...unclear.map(({ name, text, origin }) =>
      faultAt(origin, `${name} is ${quoted(text)}, not true or false; ${reader.title} does not start with it`),
    ),
  ];
}

const faultAt = ({ path, line }: Origin, message: string): ConfigFault => ({ path, line, message });
const quoted = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

function fileKeyFault({ name, origin }: WrittenName, reader: Reader): string | undefined {
  const { keys, role, roleComesFirst, title } = reader;
  if (reader.proven.has(origin.path)) return undefined;
  const bare = name.replace(/^-+/, '');
  if (bare !== name && keys[role].has(bare))
    return `${quoted(name)}: keys are written without leading dashes; ${title} does not start with it`;
  if (roleComesFirst && keys.skipping.includes(role)) return undefined;
  const why = unknownFault(name, reader);
  return why === undefined ? undefined : `${quoted(name)}: ${why}`;
}

/** Unknown arguments are never ignored. */
function argumentFault({ name }: WrittenName, reader: Reader): string | undefined {
  const why = unknownFault(name, reader, `flag of ${reader.title}`);
  return why === undefined ? undefined : `--${name} in ExecStart: ${why}`;
}

/** An unknown key that resembles no known one may come from a later version. */
function unknownFault(name: string, { keys, role, version }: Reader, noun?: string): string | undefined {
  const isOlder = minorOf(version) <= newestKeys;
  return isOlder || isKnownOrNear(keys, role, name) ? keyFault(keys, role, name, noun) : undefined;
}

const isKnownOrNear = (keys: KeyTable, role: Role, name: string): boolean =>
  keys.server.has(name) || keys.agent.has(name) || suggestKey(keys, role, name) !== undefined;

/** NaN for an unknown version, which compares as neither older nor newer. */
const minorOf = (version: string | undefined): number =>
  (version === undefined ? undefined : parseKubeVersion(version)?.minor) ?? NaN;

/** Keys that the supervisor ignores although they resemble a known one, and YAML content that it does not read. */
export function keyMistakes({ written, ignored }: SupervisorConfig, reader: Reader): Mistake[] {
  const misspelt = written.flatMap((one): Mistake[] => {
    const { name, text, origin } = one;
    const meant = origin.kind === 'config' ? suggestKey(reader.keys, reader.role, name) : undefined;
    if (meant === undefined || fileKeyFault(one, reader) !== undefined) return [];
    const why = `has no effect: unknown key of ${reader.title}; did you mean ${meant}?`;
    const [message, withValue] = [`${name}: *** ${why}`, `${name}: ${quoted(text)} ${why}`];
    return [{ kind: 'misspelt', what: meant, path: origin.path, line: origin.line, message, withValue }];
  });
  return [...misspelt, ...ignored.map((one): Mistake => ({ kind: 'unread', what: 'config.yaml', ...one }))];
}

/** Arguments that the kubelet would reject. */
export function kubeletArgFaults(args: readonly KubeletArg[], reader: Reader): ConfigFault[] {
  return args.flatMap((arg) => {
    const message = kubeletArgFault(arg, reader);
    return message === undefined ? [] : [faultAt(arg.origin, message)];
  });
}

function kubeletArgFault(arg: KubeletArg, reader: Reader): string | undefined {
  const { form, text, key, name, value, bare } = arg;
  if (form === 'mapping') {
    return `an entry of kubelet-arg is a mapping, which the kubelet receives as ${quoted(`--${maskedArgument(text)}=true`)}. Write it as one string: key=value`;
  }
  if (text === '') return 'an entry of kubelet-arg is empty; the kubelet receives --=true and does not start with it';
  if (key === '' || key.startsWith('-'))
    return `kubelet-arg ${quoted(maskedArgument(text))}: not a flag name; the kubelet does not start with it`;
  if ((key === 'config' || key === 'config-dir') && isWithoutPath(arg)) {
    return `kubelet-arg ${quoted(maskedArgument(text))} names no path; ${reader.title} does not start its kubelet with it`;
  }
  if (reader.ownArguments.has(name)) return undefined;
  const flag = kubeletFlag(name);
  const minor = minorOf(reader.version);
  if (flag === undefined && minor > newestKeys) return undefined;
  if (flag === undefined) return `the kubelet has no flag --${printable(name)} and does not start with it`;
  if (flag.removedIn !== undefined && minor >= flag.removedIn) {
    return `--${name} was removed in 1.${flag.removedIn}; the kubelet does not start with it`;
  }
  if (flag.since !== undefined && minor < flag.since) {
    return `--${name} exists only since 1.${flag.since}; the kubelet does not start with it`;
  }
  const fault = valueProblem(flag, value);
  const without = bare ? ' (an entry without a value is passed on as true)' : '';
  return fault === undefined
    ? undefined
    : `kubelet-arg ${quoted(maskedArgument(text))}: ${fault}${without}; the kubelet does not start with it`;
}

const printable = (name: string): string => (/^[A-Za-z0-9._-]{1,60}$/.test(name) ? name : quoted(name));
