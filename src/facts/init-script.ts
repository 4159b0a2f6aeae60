/** The command that a service script of OpenRC runs, each argument with its line: plain assignments of text, and nothing else. */
import { type Argument, type ServiceCommand, type Variable, variableIn } from './command-line.js';
import { parseEnvironmentFile } from './environment-file.js';
import { type Spanned, lineAt, splitWords } from './spanned.js';

/**
 * Reads `command` and `command_args` of a script, and the files that it sources. The command is empty where the shell would have to be
 * run to know it.
 */
export function initScriptCommand(path: string, read: (path: string) => string | undefined): ServiceCommand {
  const text = read(path) ?? '';
  const environmentFiles = [...text.matchAll(/(?:^|[;\s])(?:\.|source)[ \t]+(\/[^\s;'"$]+)/gm)].map(
    ([, file]) => file ?? '',
  );
  const variables = new Map<string, Variable>();
  for (const file of environmentFiles) {
    for (const one of parseEnvironmentFile(read(file) ?? '')) variables.set(one.name, variableIn(file, one));
  }
  const [program, args] = [valueOf(text, 'command'), valueOf(text, 'command_args')];
  const rest = { execStart: undefined, hidden: [], environmentFiles, variables };
  if (program === undefined || args === undefined) return { ...rest, arguments: [] };
  const words = splitWords(args, 'variable');
  const redirected = words.findIndex(({ start }) => /^\d*[<>]/.test(text.slice(start)));
  const found = [...splitWords(program, 'variable'), ...words.slice(0, redirected < 0 ? undefined : redirected)];
  return {
    ...rest,
    arguments: found.map((word): Argument => {
      const { start, end } = word;
      return { text: word.text, origin: { kind: 'unit', path, line: lineAt(text, start), start, end } };
    }),
  };
}

/** What the last assignment gives a variable; undefined where there is none, or where it is not plain text. */
function valueOf(text: string, name: string): Spanned | undefined {
  const last = [...text.matchAll(new RegExp(`^[ \\t]*${name}=`, 'gm'))].at(-1);
  if (last === undefined) return undefined;
  const chars: string[] = [];
  const at: number[] = [];
  let quote = '';
  for (let index = last.index + last[0].length; index < text.length; index += 1) {
    let char = text.charAt(index);
    if (quote === '' && /[\s;]/.test(char)) break;
    if (quote !== "'" && (char === '$' || char === '`')) return undefined;
    if (char === quote || (quote === '' && (char === '"' || char === "'"))) {
      quote = char === quote ? '' : char;
      continue;
    }
    if (char === '\\' && quote !== "'") {
      const next = text.charAt(index + 1);
      if (quote === '' || '"\\`$\n'.includes(next)) {
        index += 1;
        char = next;
        if (char === '\n') continue;
      }
    }
    chars.push(char);
    at.push(index);
  }
  return quote === '' ? { text: chars.join(''), at } : undefined;
}
