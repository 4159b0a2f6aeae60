/** A command's arguments after variable expansion (replace_env_argv in systemd's src/basic/env-util.c; tested with 252 and 257). */
import type { ExecCommand, ExecWord } from './exec-command.js';
import type { Origin, ServiceEnvironment, Variable } from './unit-environment.js';
import { isName } from './unit-directives.js';
import { type Spanned, type Word, lineIndex, splitWords } from './spanned.js';

export interface Argument {
  readonly text: string;
  readonly origin: Origin;
  /** Why the program may get a different text, or none, for this argument. */
  readonly unclear?: string | undefined;
}

/** Limits of Linux (execve(2)): 128 KiB per argument, 2 MiB in total including each argument's end byte and pointer. */
const longestArgument = 128 * 1024 - 1;
const longestCommand = 2 * 1024 * 1024;
const perArgument = 9;

/** Thrown before the command is built, because its variables may expand to gigabytes. */
class TooLong extends Error {}

interface Lookup {
  /** Undefined if the variable is not set. */
  readonly variable: Variable | undefined;
  readonly unclear?: string | undefined;
}

/** The arguments, or none and `isTooLong` if Linux would not start the program. `placeOf` returns the place of a word of ExecStart=. */
export function expandArguments(
  command: ExecCommand,
  environment: ServiceEnvironment,
  placeOf: (word: ExecWord) => Origin,
  read: (path: string) => string | undefined,
): { readonly found: readonly Argument[]; readonly isTooLong: boolean } {
  try {
    return { found: expandWords(command, environment, placeOf, read), isTooLong: false };
  } catch (error) {
    if (!(error instanceof TooLong)) throw error;
    return { found: [], isTooLong: true };
  }
}

function expandWords(
  command: ExecCommand,
  environment: ServiceEnvironment,
  placeOf: (word: ExecWord) => Origin,
  read: (path: string) => string | undefined,
): Argument[] {
  let length = 0;
  const counted = (text: string): string => {
    const bytes = Buffer.byteLength(text);
    length += bytes + perArgument;
    if (bytes > longestArgument || length > longestCommand) throw new TooLong();
    return text;
  };
  const known = new Map<string, readonly Word[]>();
  const wordsOf = (name: string, value: Spanned): readonly Word[] => {
    const words = known.get(name) ?? splitWords(value, 'variable');
    known.set(name, words);
    return words;
  };
  const lines = new Map<string, (offset: number) => number>();
  const lineOf = (path: string): ((offset: number) => number) => {
    const index = lines.get(path) ?? lineIndex(read(path) ?? '');
    lines.set(path, index);
    return index;
  };
  return command.words.flatMap((word): Argument[] => {
    const origin = placeOf(word);
    if (!command.expands) return [{ text: counted(word.text), origin, unclear: word.unclear }];
    if (!/^\$(?![{$])/.test(word.text)) {
      const { text, unclear } = withVariables(word.text, environment);
      return [{ text: counted(text), origin, unclear: word.unclear ?? unclear }];
    }
    const { variable, unclear } = lookUp(word.text.slice(1), environment);
    if (unclear !== undefined || word.unclear !== undefined) {
      return [{ text: counted(word.text), origin, unclear: word.unclear ?? unclear }];
    }
    if (variable === undefined) return [];
    return wordsOf(word.text, variable.value).map(({ text, start, end }) => {
      const line = lineOf(variable.origin.path)(start);
      return { text: counted(text), origin: { ...variable.origin, line, start, end } };
    });
  });
}

function lookUp(name: string, { variables, unknownValues }: ServiceEnvironment): Lookup {
  const variable = variables.get(name);
  if (variable !== undefined) return { variable, unclear: variable.unclear };
  if (unknownValues.has(name)) return { variable, unclear: `systemd itself sets ${name}, so its value is unknown` };
  // Before about version 254, systemd reads `$A=b` as the rest of A after `b=`.
  const equals = name.indexOf('=');
  const start = equals < 0 ? undefined : variables.get(name.slice(0, equals))?.value.text;
  const isPart = start?.startsWith(`${name.slice(equals + 1)}=`) === true;
  return {
    variable,
    unclear: isPart && !isName(name) ? `the meaning of $${name} depends on the systemd version` : undefined,
  };
}

/** Expands `${NAME}` and `$$` within a word. Inserted values are not expanded again. */
function withVariables(text: string, environment: ServiceEnvironment): { text: string; unclear?: string | undefined } {
  let result = '';
  let unclear: string | undefined;
  let from = 0;
  let state: 'text' | 'dollar' | 'name' = 'text';
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charAt(index);
    if (state === 'text') {
      if (char === '$') state = 'dollar';
    } else if (state === 'dollar') {
      state = char === '{' ? 'name' : 'text';
      if (char !== '{' && char !== '$') continue;
      result += text.slice(from, char === '{' ? index - 1 : index);
      from = char === '{' ? index - 1 : index + 1;
    } else if (char === '}') {
      const found = lookUp(text.slice(from + 2, index), environment);
      unclear ??= found.unclear;
      result += found.unclear === undefined ? (found.variable?.value.text ?? '') : text.slice(from, index + 1);
      if (result.length > longestArgument) throw new TooLong();
      from = index + 1;
      state = 'text';
    } else if (char === ':') {
      state = 'text';
    }
  }
  return { text: result + text.slice(from), unclear };
}
