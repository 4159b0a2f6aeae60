/** Parses the kubelet's flags from its arguments as pflag does, and finds what pflag or the kubelet would reject. */
import { goDuration } from '../lib/go-duration.js';
import { didYouMean } from '../lib/suggest.js';
import type { Argument, Origin } from './command-line.js';
import { type ConfigFault, noStart } from './config-file.js';
import { isQuantity, typeProblem } from './field-type.js';
import { type KubeletFlag, flagNames, kubeletFlag, shortFlags } from './kubelet-flag-table.js';
import { brokenRule } from './field-rules.js';
import { type FieldType, firstMinor } from './kubelet-fields.js';
import type { SettingInfo } from './settings.js';
import type { Value } from './value.js';

export interface Flag {
  /** Without dashes; `_` is normalised to `-`, as in the kubelet. */
  readonly name: string;
  /** Undefined for a flag without a value. */
  readonly value: string | undefined;
  readonly origin: Origin;
  /** The argument that holds the value of `--name value`. */
  readonly valueOrigin?: Origin | undefined;
}

export interface ReadFlags {
  readonly flags: readonly Flag[];
  /** Arguments that would keep the kubelet from starting. */
  readonly faults: readonly ConfigFault[];
}

/** All flags in order. `args` excludes the program. */
export const parseFlags = (args: readonly Argument[]): readonly Flag[] => readFlags(args, undefined).flags;

/** The flags of a running process, which have no file. `words` excludes the program. */
export const flagsOfWords = (words: readonly string[]): readonly Flag[] =>
  parseFlags(words.map((text) => ({ text, origin: { kind: 'running', path: '', line: 1, start: 0, end: 0 } })));

/**
 * All flags in order, and what is wrong with them.
 * @param minor the kubelet's minor version, if known; then a flag that only other versions have is a fault
 * @param running the running kubelet's arguments: a kubelet that runs with them proves that they are valid
 */
export function readFlags(
  args: readonly Argument[],
  minor: number | undefined,
  running: readonly string[] = [],
): ReadFlags {
  const proven = new Set(running);
  const flags: Flag[] = [];
  const faults: ConfigFault[] = [];
  const fault = ({ origin, text }: Argument, message: string): void => {
    if (!proven.has(text)) faults.push(noStart(origin, message));
  };
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index];
    if (arg === undefined) continue;
    if (arg.text === '--') {
      for (const word of args.slice(index + 1)) fault(word, wordProblem(word.text, ' after --'));
      break;
    }
    const named = nameIn(arg.text);
    if (named === undefined) {
      fault(arg, wordProblem(arg.text));
      continue;
    }
    const { name, value } = named;
    const known = kubeletFlag(name);
    const next = args[index + 1];
    const takesNext = value === undefined && (known?.takesValue ?? looksLikeValue(next));
    if (takesNext && next === undefined) fault(arg, `--${name} needs a value`);
    if (takesNext) index += 1;
    const flag: Flag = {
      name,
      value: value ?? (takesNext ? next?.text : undefined),
      origin: arg.origin,
      ...(takesNext && next !== undefined ? { valueOrigin: next.origin } : {}),
    };
    flags.push(flag);
    const problem = flagProblem(flag, known, minor);
    if (problem !== undefined) fault(arg, problem);
  }
  return { flags, faults };
}

/** For an unknown flag: the next argument counts as its value if it does not look like a flag. */
const looksLikeValue = (next: Argument | undefined): boolean => next !== undefined && !next.text.startsWith('-');

function nameIn(text: string): { readonly name: string; readonly value: string | undefined } | undefined {
  const long = /^--([^=-][^=]*)(?:=([\s\S]*))?$/.exec(text);
  if (long !== null) return { name: (long[1] ?? '').replaceAll('_', '-'), value: long[2] };
  const short = /^-([a-zA-Z])(?:=?([\s\S]+))?$/.exec(text);
  const name = shortFlags.get(short?.[1] ?? '');
  return name === undefined ? undefined : { name, value: short?.[2] };
}

function wordProblem(text: string, where = ''): string {
  if (text === '') return 'an empty argument is not a flag (is a ${VARIABLE} unset?)';
  const word = JSON.stringify(text.slice(0, 60));
  return text.startsWith('-') && where === ''
    ? `${word} is not a kubelet flag`
    : `the argument ${word}${where} is not a flag, and the kubelet accepts only flags`;
}

function flagProblem(flag: Flag, known: KubeletFlag | undefined, minor: number | undefined): string | undefined {
  const { name, value } = flag;
  if (minor !== undefined && minor < firstMinor) return known === undefined ? undefined : valueProblem(known, value);
  if (known === undefined)
    return `the kubelet has no flag --${name.slice(0, 60)}${didYouMean(name.slice(0, 60), flagNames())}`;
  if (minor !== undefined && known.removedIn !== undefined && minor >= known.removedIn) {
    return `--${name} was removed in 1.${known.removedIn}`;
  }
  if (minor !== undefined && known.since !== undefined && minor < known.since) {
    return `--${name} exists only since 1.${known.since}`;
  }
  return valueProblem(known, value);
}

/** Parses as strconv.ParseInt with base 0. */
const wholeNumber = /^[+-]?(0[xX](_?[\dA-Fa-f])+|0[bB](_?[01])+|0[oO](_?[0-7])+|0(_?[0-7])*|[1-9](_?\d)*)$/;
const isBoolean = (text: string): boolean => goBoolean(text) !== undefined;

/** Why pflag rejects a value. Undefined if it accepts it. */
export function valueProblem({ name, type }: KubeletFlag, value: string | undefined): string | undefined {
  const text = value ?? (type === 'bool' || type === 'version' ? 'true' : '');
  const wrong = (what: string): string => `--${name}=${text.slice(0, 60)} is not ${what}`;
  switch (type) {
    case 'bool':
      return isBoolean(text) ? undefined : wrong('true or false');
    case 'int32':
    case 'int64':
    case 'uint32':
      return wholeProblem(type, text, wrong);
    case 'duration':
    case 'time':
      return goDuration(text) === undefined ? wrong('a duration such as 30s or 0') : undefined;
    case 'quantity':
      return isQuantity(text) ? undefined : wrong('a quantity such as 10Mi');
    case 'gates':
      return pairsOf(name, text).every(([, one]) => one !== undefined && isBoolean(one))
        ? undefined
        : wrong('a list such as Name=true,Other=false');
    case 'texts':
      return pairsOf(name, text).every(([, one]) => one !== undefined)
        ? undefined
        : wrong(`a list such as name${separatorOf(name)}value`);
    case 'objects':
      return name !== 'register-with-taints' || text.split(',').every((one) => one === '' || taint.test(one))
        ? undefined
        : wrong('a list of taints such as key=value:NoSchedule');
    default:
      return isAddress(name) && text !== '' && brokenRule('ip', text) !== undefined
        ? wrong('an IP address')
        : undefined;
  }
}

function wholeProblem(type: FieldType, text: string, wrong: (what: string) => string): string | undefined {
  const what = wholeNumber.test(text) ? typeProblem(type, wholeOf(text)) : 'a whole number';
  return what === undefined ? undefined : wrong(what);
}

const taint = /^[^:]+(:|:NoSchedule|:PreferNoSchedule|:NoExecute)?$/;
const isAddress = (name: string): boolean => name === 'address' || name === 'healthz-bind-address';

/** Whether a flag changes its setting: an empty address does not. */
export const isInEffect = ({ name, value }: Flag): boolean => !(isAddress(name) && value === '');

/** Parses as strconv.ParseBool. */
function goBoolean(text: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  return /^(0|f|F|FALSE|false|False)$/.test(text) ? false : undefined;
}

/** The separator between name and value (component-base cli/flag). */
function separatorOf(name: string): string {
  if (name === 'manifest-url-header') return ':';
  return name === 'eviction-hard' || name === 'eviction-soft' ? '<' : '=';
}

/** Splits `a=b,c=d` into names and values. */
function pairsOf(name: string, text: string): (readonly [string, string | undefined])[] {
  return text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.indexOf(separatorOf(name));
      return at < 0 ? [part.trim(), undefined] : [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    });
}

/** A flag's text as a value of its setting. Text that does not parse is returned as it is; the kubelet would not start with it. */
export function flagValue(info: SettingInfo, text: string | undefined): Value {
  switch (info.kind) {
    case 'boolean':
      return goBoolean(text ?? 'true') ?? text ?? '';
    case 'integer':
      return text !== undefined && wholeNumber.test(text) ? wholeOf(text) : (text ?? '');
    case 'list':
      return (text ?? '').split(',').filter(Boolean);
    case 'map':
      return Object.fromEntries(
        pairsOf(info.flag ?? '', text ?? '').map(([key, value = '']) => [key, gateValue(info, value)]),
      );
    case 'string':
    case 'duration':
      return text ?? '';
  }
}

const gateValue = ({ path }: SettingInfo, text: string): Value =>
  path === 'featureGates' ? (goBoolean(text) ?? text) : text;

/** In Go a leading 0 alone means octal. */
function wholeOf(text: string): number {
  const digits = text
    .replaceAll('_', '')
    .replace(/^[+-]/, '')
    .replace(/^0[oO]?(?=[0-7])/, '0o');
  return text.startsWith('-') ? -Number(digits) : Number(digits);
}

/** Whether the arguments contain a flag in any of its forms: `--a=true`, `--a true`, `--a`. */
export function holdsArgument(argv: readonly string[], argument: string): boolean {
  const [wanted] = flagsOfWords([argument]);
  const given = flagsOfWords(argv).findLast(({ name }) => name === wanted?.name);
  return given !== undefined && (given.value ?? 'true') === (wanted?.value ?? 'true');
}

/** A value as a command-line flag: `--anonymous-auth=false`. */
export function flagText(info: SettingInfo, value: Value): string {
  const text = Array.isArray(value)
    ? value.map((one) => textOfScalar(one as Value)).join(',')
    : value !== null && typeof value === 'object'
      ? Object.entries(value)
          .map(([key, one]) => `${key}${separatorOf(info.flag ?? '')}${textOfScalar(one)}`)
          .join(',')
      : textOfScalar(value);
  return `--${info.flag ?? ''}=${text}`;
}

const textOfScalar = (value: Value): string => (typeof value === 'string' ? value : JSON.stringify(value));
