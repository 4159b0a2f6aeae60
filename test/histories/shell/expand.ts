/** What becomes of a word: values of parameters, output of commands, fields, file names. */
import { evaluate } from './arithmetic.js';
import type { Environment } from './environment.js';
import type { Interpreter } from './interpreter.js';
import type { Expansion } from './kernel.js';
import { type Piece, hasPattern, regexOf, trimmed } from './pattern.js';
import type { Part, Word } from './syntax.js';

type Parameter = Extract<Part, { kind: 'parameter' }>;
type Field = Piece[];

export function valueOf(env: Environment, name: string): string | undefined {
  switch (name) {
    case '#':
      return String(env.args.length);
    case '?':
      return String(env.status);
    case '$':
      return '4711';
    case '@':
    case '*':
      return env.args.join(' ');
    case '0':
      return 'sh';
    default:
      return /^[0-9]/.test(name) ? env.args[Number(name) - 1] : env.variables.get(name);
  }
}

const plain = new WeakMap<Word, boolean>();

/** Whether no command has to run for a word. */
export function isPlain(word: Word): boolean {
  const known = plain.get(word);
  if (known !== undefined) return known;
  const found = word.every((part) => {
    if (part.kind === 'command') return false;
    if (part.kind === 'parameter') return isPlain(part.argument);
    return part.kind !== 'arithmetic' || isPlain(part.expression);
  });
  plain.set(word, found);
  return found;
}

/** The word with what its commands say in their place. */
function* resolved(word: Word, env: Environment, shell: Interpreter): Expansion<Word> {
  if (isPlain(word)) return word;
  const parts: Part[] = [];
  for (const part of word) {
    if (part.kind === 'command')
      parts.push({ kind: 'value', text: yield* shell.outputOf(part.body, env), quoted: part.quoted });
    else if (part.kind === 'parameter' && isUsed(part, env))
      parts.push({ ...part, argument: yield* resolved(part.argument, env, shell) });
    else if (part.kind === 'arithmetic')
      parts.push({ ...part, expression: yield* resolved(part.expression, env, shell) });
    else parts.push(part);
  }
  return parts;
}

/** Whether the word after an operator is looked at. */
function isUsed({ name, operator }: Parameter, env: Environment): boolean {
  const value = valueOf(env, name);
  if (operator === ':-') return value === undefined || value === '';
  if (operator === ':+') return value !== undefined && value !== '';
  if (operator === '-') return value === undefined;
  return operator !== '+' || value !== undefined;
}

/** One text: no fields, no file names. */
export function* textOf(word: Word, env: Environment, shell: Interpreter): Expansion<string> {
  return textNow(isPlain(word) ? word : yield* resolved(word, env, shell), env);
}

/** Of a plain word. */
export function textNow(word: Word, env: Environment): string {
  let text = '';
  for (const part of word) text += valueOfPart(part, env);
  return text;
}

/** The pieces of a pattern. */
export function* piecesOf(word: Word, env: Environment, shell: Interpreter): Expansion<readonly Piece[]> {
  return piecesNow(isPlain(word) ? word : yield* resolved(word, env, shell), env);
}

function piecesNow(word: Word, env: Environment): readonly Piece[] {
  const [only] = word;
  if (word.length === 1 && only?.kind === 'text') return word as readonly Piece[];
  return word.map((part) => ({ text: valueOfPart(part, env), quoted: part.quoted }));
}

export function* fieldsOf(words: readonly Word[], env: Environment, shell: Interpreter): Expansion<string[]> {
  const texts: string[] = [];
  for (const word of words) addFields(isPlain(word) ? word : yield* resolved(word, env, shell), texts, env, shell);
  return texts;
}

/** Of plain words. */
export function fieldsNow(words: readonly Word[], env: Environment, shell: Interpreter): string[] {
  const texts: string[] = [];
  for (const word of words) addFields(word, texts, env, shell);
  return texts;
}

function addFields(word: Word, texts: string[], env: Environment, shell: Interpreter): void {
  const [only] = word;
  if (word.length === 1 && only?.kind === 'text' && (only.quoted || !/[*?[]/.test(only.text))) {
    texts.push(only.text);
    return;
  }
  if (word.every((part) => part.quoted && !(part.kind === 'parameter' && part.name === '@'))) {
    texts.push(textNow(word, env));
    return;
  }
  for (const field of fieldsOfWord(word, env)) {
    const found = hasPattern(field) ? fileNames(field, shell) : [];
    if (found.length > 0) texts.push(...found);
    else texts.push(field.map((piece) => piece.text).join(''));
  }
}

function fieldsOfWord(word: Word, env: Environment): Field[] {
  const fields: Field[] = [];
  let last: Field | undefined;
  const add = (piece: Piece): void => {
    if (last === undefined) fields.push((last = []));
    last.push(piece);
  };
  for (const part of word) {
    if (part.kind === 'text') {
      add(part);
      continue;
    }
    if (part.kind === 'parameter' && part.name === '@' && part.quoted && part.operator === '') {
      // Without parameters, "$@" is no field, although its quotes are one.
      if (env.args.length === 0 && word.every((one) => one === part || (one.kind === 'text' && one.text === '')))
        return [];
      env.args.forEach((text, index) => {
        if (index > 0) last = undefined;
        add({ text, quoted: true });
      });
      continue;
    }
    const text = valueOfPart(part, env);
    if (part.quoted) {
      add({ text, quoted: true });
      continue;
    }
    const separators = env.variables.get('IFS') ?? ' \t\n';
    for (const piece of splitFields(text, separators)) {
      if (piece === undefined) last = undefined;
      else add({ text: piece, quoted: false });
    }
  }
  return fields;
}

/** The parts of a text; undefined where one field ends. */
function splitFields(text: string, separators: string): (string | undefined)[] {
  if (separators === '' || text === '') return text === '' ? [] : [text];
  const pieces: (string | undefined)[] = [];
  let begin = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const isEnd = at === text.length;
    if (!isEnd && !separators.includes(text[at] ?? '')) continue;
    if (at > begin) pieces.push(text.slice(begin, at));
    if (!isEnd && pieces.at(-1) !== undefined) pieces.push(undefined);
    else if (!isEnd && pieces.length === 0) pieces.push(undefined);
    begin = at + 1;
  }
  return pieces;
}

function fileNames(field: Field, { kernel }: Interpreter): string[] {
  const whole = field.map(({ text }) => text).join('');
  const isFolder = whole.endsWith('/');
  const levels = splitLevels(field);
  let found = [''];
  for (const level of levels) {
    const text = level.map((piece) => piece.text).join('');
    if (!hasPattern(level)) {
      found = found.map((path) => `${path}/${text}`);
      continue;
    }
    const regex = regexOf(level, true);
    const shows = (name: string): boolean => regex.test(name) && (!name.startsWith('.') || text.startsWith('.'));
    found = found.flatMap((path) =>
      kernel
        .names(path === '' ? '/' : path)
        .filter(shows)
        .map((name) => `${path}/${name}`),
    );
  }
  const isThere = (path: string): boolean =>
    isFolder ? kernel.find(path, true)?.kind === 'folder' : kernel.find(path, false) !== undefined;
  return found.filter(isThere).map((path) => (isFolder ? `${path}/` : path));
}

/** The pieces between slashes of an absolute path. */
function splitLevels(field: Field): Field[] {
  const levels: Field[] = [];
  for (const { text, quoted } of field)
    text.split('/').forEach((part, index) => {
      if (index > 0 || levels.length === 0) levels.push([]);
      if (part !== '') levels.at(-1)?.push({ text: part, quoted });
    });
  return levels.filter((level) => level.length > 0);
}

function valueOfPart(part: Part, env: Environment): string {
  switch (part.kind) {
    case 'text':
    case 'value':
      return part.text;
    case 'command':
      throw new RangeError('a command that did not run');
    case 'arithmetic': {
      const get = (name: string): string => env.variables.get(name) ?? '';
      const set = (name: string, value: string): void => env.variables.set(name, value);
      return String(evaluate(textNow(part.expression, env), { get, set }));
    }
    case 'parameter':
      return parameter(part, env);
  }
}

function parameter(part: Parameter, env: Environment): string {
  const { name, operator, argument } = part;
  const value = valueOf(env, name);
  switch (operator) {
    case '':
      return value ?? '';
    case 'length':
      return String((value ?? '').length);
    case ':-':
    case '-':
      return isUsed(part, env) ? textNow(argument, env) : (value ?? '');
    case ':+':
    case '+':
      return isUsed(part, env) ? textNow(argument, env) : '';
    default:
      return trimmed(value ?? '', operator, piecesNow(argument, env));
  }
}
