/** The unit directives that determine how a service starts, read as systemd reads them (src/core/load-fragment.c). */
import { type ExecCommand, parseExec } from './exec-command.js';
import { type Spanned, type Word, nextWord, sliceSpan, splitWords } from './spanned.js';
import { type SpecifierFacts, expandSpecifiers } from './specifiers.js';
import type { Directive } from './unit-file.js';

/** A fault or an uncertainty of a service, for the user to check. */
export interface ServiceNote {
  readonly path: string;
  readonly line?: number | undefined;
  readonly message: string;
}

export interface Place {
  readonly path: string;
  readonly line: number;
  /** The extent in that file, including quotes: [start, end). */
  readonly start: number;
  readonly end: number;
}

/** One command of ExecStart=, with its line. */
export interface PlacedCommand extends ExecCommand {
  readonly value: Spanned;
  readonly path: string;
  readonly line: number;
}

export interface UnitVariable {
  readonly name: string;
  readonly value: Spanned;
  /** As written in the unit, with specifiers. */
  readonly written: Spanned;
  readonly place: Place;
  /** Why the real value may differ. */
  readonly unclear?: string | undefined;
}

export interface EnvironmentPath {
  /** A path or a pattern. */
  readonly path: string;
  /** Written with `-`: the file may be missing. */
  readonly optional: boolean;
  readonly place: ServicePlace;
}

interface ServicePlace {
  readonly path: string;
  readonly line: number;
}

interface WorkingDirectory extends EnvironmentPath {
  readonly kind: 'path' | 'home' | 'unknown';
}

export interface ServiceSettings {
  readonly commands: PlacedCommand[];
  readonly environment: UnitVariable[];
  readonly environmentFiles: EnvironmentPath[];
  /** Names of variables that PassEnvironment= takes from the service manager's environment. */
  readonly passed: string[];
  /** NAME or NAME=VALUE. */
  readonly removed: string[];
  /** Undefined: the root folder. */
  directory: WorkingDirectory | undefined;
  type: string;
  readonly faults: ServiceNote[];
  readonly unclear: ServiceNote[];
}

/** A directive with its file. */
export interface PlacedDirective extends Directive {
  readonly path: string;
  readonly lineOf: (offset: number) => number;
}

/** Undefined: continue reading. A text: the reason why systemd stops reading the file here. */
type Handler = (settings: ServiceSettings, said: PlacedDirective, facts: SpecifierFacts) => string | undefined;

const isEmpty = ({ value }: Directive): boolean => value.text === '';

function note(settings: ServiceSettings, { path, line, key }: PlacedDirective, why: string): void {
  settings.unclear.push({ path, line, message: `${key}=: ${why}` });
}

const execStart: Handler = (settings, said, facts) => {
  if (isEmpty(said)) settings.commands.length = 0;
  const { commands, error, unclear } = parseExec(said.value, facts);
  const { value, path, line } = said;
  for (const one of commands) settings.commands.push({ ...one, value, path, line });
  if (unclear !== undefined) note(settings, said, unclear);
  return error;
};

/** The other commands matter only because an error in one makes systemd stop reading the file. */
const otherExec: Handler = (_settings, { value }, facts) => parseExec(value, facts).error;

const environment: Handler = (settings, said, facts) => {
  if (isEmpty(said)) settings.environment.length = 0;
  for (const word of splitWords(said.value, 'environment')) {
    const { problem, specifier, ...value } = expandSpecifiers(word, facts);
    const equals = value.text.indexOf('=');
    const name = value.text.slice(0, equals);
    if (problem === 'invalid' || equals < 0 || !isName(name)) continue;
    const { path, lineOf } = said;
    const place = { path, line: lineOf(word.start), start: word.start, end: word.end };
    const written = sliceSpan(word, word.text.indexOf('=') + 1);
    const unclear = whyUnclear(word, problem, specifier);
    settings.environment.push({ name, value: sliceSpan(value, equals + 1), written, place, unclear });
  }
  return undefined;
};

export const isName = (text: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);

function whyUnclear(word: Word, problem: string | undefined, specifier = ''): string | undefined {
  if (problem === 'unknown') return `the value of specifier ${specifier} is unknown`;
  return word.hasBytes === true ? 'an escape sequence stands for a raw byte' : undefined;
}

const environmentFile: Handler = (settings, said, facts) => {
  if (isEmpty(said)) settings.environmentFiles.length = 0;
  const { problem, specifier, text } = expandSpecifiers(said.value, facts);
  if (problem === 'unknown')
    note(settings, said, whyUnclear({ ...said.value, start: 0, end: 0 }, problem, specifier) ?? '');
  const optional = text.startsWith('-');
  const path = simplePath(optional ? text.slice(1) : text);
  // systemd ignores any other line.
  if (problem !== undefined || path === undefined) return undefined;
  const place = { path: said.path, line: said.line };
  settings.environmentFiles.push({ path, optional, place });
  return undefined;
};

/** An absolute path without `//`, `/./` and a trailing slash. Undefined if systemd does not accept it as a path. */
function simplePath(path: string): string | undefined {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (!path.startsWith('/') || names.includes('..') || path.length > 4095) return undefined;
  return names.some((name) => name.length > 255) ? undefined : `/${names.join('/')}`;
}

const workingDirectory: Handler = (settings, said, facts) => {
  settings.directory = isEmpty(said) ? undefined : settings.directory;
  if (isEmpty(said)) return undefined;
  const optional = said.value.text.startsWith('-');
  const value = sliceSpan(said.value, optional ? 1 : 0);
  const place = { path: said.path, line: said.line };
  const { problem, specifier, text } = expandSpecifiers(value, facts);
  if (problem === 'unknown') note(settings, said, `the value of specifier ${specifier ?? ''} is unknown`);
  if (value.text === '~' || problem === 'unknown') {
    settings.directory = { path: text, optional, place, kind: value.text === '~' ? 'home' : 'unknown' };
    return undefined;
  }
  const path = simplePath(text);
  if (problem === 'invalid' || path === undefined) return optional ? undefined : 'systemd does not accept the path';
  settings.directory = { path, optional, place, kind: 'path' };
  return undefined;
};

/** The words of PassEnvironment= and UnsetEnvironment=. Invalid words are ignored. */
function listed(
  settings: ServiceSettings,
  said: PlacedDirective,
  facts: SpecifierFacts,
  syntax: 'list' | 'environment',
): string[] {
  const found: string[] = [];
  for (let from = 0; ;) {
    const { word, next } = nextWord(said.value, from, syntax);
    if (word === undefined) return found;
    from = next;
    const { problem, specifier, text } = expandSpecifiers(word, facts);
    const why = whyUnclear(word, problem, specifier);
    if (why !== undefined) note(settings, said, why);
    if (problem === undefined) found.push(text);
  }
}

const passEnvironment: Handler = (settings, said, facts) => {
  const found = listed(settings, said, facts, 'list').filter(isName);
  if (isEmpty(said)) settings.passed.length = 0;
  settings.passed.push(...found);
  return undefined;
};

const unsetEnvironment: Handler = (settings, said, facts) => {
  const found = listed(settings, said, facts, 'environment');
  if (isEmpty(said)) settings.removed.length = 0;
  settings.removed.push(...found);
  return undefined;
};

const types = ['simple', 'exec', 'forking', 'oneshot', 'dbus', 'notify', 'notify-reload', 'idle'];

const type: Handler = (settings, { value }) => {
  if (types.includes(value.text)) settings.type = value.text;
  return undefined;
};

/** With another root folder or a PAM session, the files here do not determine what is started. */
const elsewhere: Handler = (settings, said) => {
  if (!isEmpty(said)) note(settings, said, 'its effect is not known here');
  return undefined;
};

/** systemd stops reading the file at an invalid name, and the rules for names differ between versions. */
const account: Handler = (settings, said) => {
  if (!/^([A-Za-z_][A-Za-z0-9_-]{0,30}|\d{1,9})?$/.test(said.value.text))
    note(settings, said, 'systemd may reject the name');
  return undefined;
};

export const directives: ReadonlyMap<string, Handler> = new Map(
  Object.entries({
    ExecStart: execStart,
    ExecCondition: otherExec,
    ExecStartPre: otherExec,
    ExecStartPost: otherExec,
    ExecReload: otherExec,
    ExecStop: otherExec,
    ExecStopPost: otherExec,
    Environment: environment,
    EnvironmentFile: environmentFile,
    PassEnvironment: passEnvironment,
    UnsetEnvironment: unsetEnvironment,
    WorkingDirectory: workingDirectory,
    Type: type,
    RootDirectory: elsewhere,
    RootImage: elsewhere,
    PAMName: elsewhere,
    User: account,
    Group: account,
  }),
);
