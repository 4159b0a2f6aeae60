/** One ExecStart= line, split as systemd splits it (config_parse_exec in src/core/load-fragment.c; tested with systemd 252 and 257). */
import { type Spanned, type Word, isBlank, nextWord, sliceSpan } from './spanned.js';
import { type SpecifierFacts, expandSpecifiers } from './specifiers.js';
import { isSafe } from './unit-file.js';

/** A word with its specifiers expanded. */
export interface ExecWord extends Word {
  /** Why its text may differ from what the program gets. */
  readonly unclear?: string | undefined;
}

export interface ExecCommand {
  /** The program that is executed, without prefixes. */
  readonly program: ExecWord;
  /** The arguments, the program's own name first. Variables are not expanded. */
  readonly words: readonly ExecWord[];
  /** False if the prefix `:` turns variable expansion off. */
  readonly expands: boolean;
}

export interface ExecLine {
  readonly commands: readonly ExecCommand[];
  /** Why systemd rejects the line. It does not read the rest of the file. */
  readonly error?: string | undefined;
  readonly unclear?: string | undefined;
}

/** From this version on the prefix `|` starts a shell (systemd.service(5) of 258; not tested). */
const shellPrefix = 258;

export function parseExec(value: Spanned, facts: SpecifierFacts): ExecLine {
  const commands: ExecCommand[] = [];
  for (let from = 0; from < value.text.length;) {
    const first = nextWord(value, from, 'exec');
    // systemd ignores a first word that it cannot read, and all that follows.
    if (first.word === undefined) break;
    from = first.next;
    if (first.word.text === ';') continue;
    if (first.word.text.startsWith('|') && (facts.systemd === undefined || facts.systemd >= shellPrefix)) {
      return { commands, unclear: 'the prefix | starts a shell, which decides the arguments' };
    }
    const { prefixes, ...start } = programOf(first.word, facts);
    const rest =
      start.error === undefined ? readWords(value, from, facts) : { words: [], next: from, error: start.error };
    const words = prefixes.includes('@') ? rest.words : [start.program, ...rest.words];
    const error = rest.error ?? (words.length === 0 ? 'the program name after @ is missing' : undefined);
    if (error !== undefined) return prefixes.includes('-') ? { commands } : { commands, error };
    commands.push({ program: start.program, words, expands: !prefixes.includes(':') });
    if (rest.next === undefined) break;
    from = rest.next;
  }
  return { commands };
}

interface Start {
  readonly prefixes: string;
  readonly program: ExecWord;
  readonly error?: string | undefined;
}

/** Each prefix may appear once, and only one of `+`, `!` and `!!`. The program follows them. */
function programOf(word: Word, facts: SpecifierFacts): Start {
  let prefixes = '';
  for (let index = 0; index < word.text.length; index += 1) {
    const char = word.text.charAt(index);
    const allowed =
      ('-@:'.includes(char) && !prefixes.includes(char)) ||
      (char === '+' && !/[+!]/.test(prefixes)) ||
      (char === '!' && !/\+|!!/.test(prefixes));
    if (!allowed) break;
    prefixes += char;
  }
  const program = { ...expanded(word, sliceSpan(word, prefixes.length), facts) };
  return {
    prefixes,
    program,
    error: program.error ?? (program.unclear === undefined ? pathError(program.text) : undefined),
  };
}

/** Why systemd does not accept a path as a program. */
function pathError(path: string): string | undefined {
  if (path === '') return 'the program is missing';
  if (!isSafe(path)) return 'the program path contains quotes, backslashes or control characters';
  if (path.endsWith('/')) return 'the program path is a folder';
  if (path.includes('/') && !path.startsWith('/')) return 'the program path is relative';
  if (path === '.' || path === '..') return 'the program is a folder';
  const isLong = path.length > 4095 || path.split('/').some((name) => name.length > 255);
  return isLong ? 'the program path is too long' : undefined;
}

interface Words {
  readonly words: readonly ExecWord[];
  /** Where the next command begins. Undefined at the end of the line. */
  readonly next?: number | undefined;
  readonly error?: string | undefined;
}

/** A separate, unquoted semicolon ends a command. With a backslash before it, it is an argument. */
function readWords(value: Spanned, start: number, facts: SpecifierFacts): Words {
  const words: ExecWord[] = [];
  const { text } = value;
  const endsAt = (index: number): boolean => index >= text.length || isBlank(text.charAt(index));
  const skipBlanks = (index: number): number => {
    let to = index;
    while (to < text.length && isBlank(text.charAt(to))) to += 1;
    return to;
  };
  for (let from = start; from < text.length;) {
    if (text.charAt(from) === ';' && endsAt(from + 1)) return { words, next: skipBlanks(from + 1) };
    if (text.startsWith('\\;', from) && endsAt(from + 2)) {
      const [first = 0, second = 0] = value.at.slice(from, from + 2);
      words.push({ text: ';', at: [second], start: first, end: second + 1 });
      from = skipBlanks(from + 2);
      continue;
    }
    const { word, next, failed } = nextWord(value, from, 'exec');
    if (failed) return { words, error: 'a quote is not closed' };
    if (word === undefined) break;
    const { error, ...found } = expanded(word, word, facts);
    if (error !== undefined) return { words, error };
    words.push(found);
    from = next;
  }
  return { words };
}

/** A word with the text of `part`, its specifiers expanded. */
function expanded(
  word: Word,
  part: Spanned,
  facts: SpecifierFacts,
): ExecWord & { readonly error?: string | undefined } {
  const { problem, specifier, text, at, ends } = expandSpecifiers(part, facts);
  const { start, end, hasBytes } = word;
  return {
    ...{ text, at, ends, start, end },
    error: problem === 'invalid' ? `unknown specifier ${specifier ?? ''}` : undefined,
    unclear:
      problem === 'unknown'
        ? `the value of specifier ${specifier ?? ''} is unknown`
        : hasBytes === true
          ? 'an escape sequence stands for a raw byte'
          : undefined,
  };
}
