/** The command that an OpenRC service script runs; each argument has its line. Only plain assignments are understood. */
import { type Argument, type ServiceCommand, type Variable, variableIn } from './command-line.js';
import { likeShell, parseEnvironmentFile } from './environment-file.js';
import { type Spanned, lineIndex, splitWords } from './spanned.js';

/**
 * Reads `command` and `command_args` of a script and of the files it sources. The command is empty if only running the shell
 * could determine it.
 */
export function initScriptCommand(path: string, read: (path: string) => string | undefined): ServiceCommand {
  const text = read(path) ?? '';
  const environmentFiles = [...text.matchAll(/(?:^|[;\s])(?:\.|source)[ \t]+(\/[^\s;'"$]+)/gm)].map(
    ([, file]) => file ?? '',
  );
  const variables = new Map<string, Variable>();
  for (const file of environmentFiles) {
    for (const one of parseEnvironmentFile(read(file) ?? '', likeShell)) variables.set(one.name, variableIn(file, one));
  }
  const [program, args] = [valueOf(text, 'command'), valueOf(text, 'command_args')];
  const rest = {
    ...{ execStart: undefined, commandLine: undefined, hidden: [], environmentFiles, namedFiles: environmentFiles },
    ...{ variables, faults: [], unclear: [] },
  };
  const unknown = { ...rest, arguments: [], program: undefined, workingDirectory: undefined };
  if (program === undefined || args === undefined) return unknown;
  const given = splitWords(args, 'variable');
  const redirected = given.findIndex(({ start }) => /^\d*[<>]/.test(text.slice(start)));
  const found = [...splitWords(program, 'variable'), ...given.slice(0, redirected < 0 ? undefined : redirected)];
  const lineOf = lineIndex(text);
  const words = found.map(({ text: word, start, end }): Argument => {
    return { text: word, origin: { kind: 'unit', path, line: lineOf(start), start, end } };
  });
  // Only a shell could tell what the script does before it starts the program.
  return { ...rest, arguments: words, program: words[0], workingDirectory: undefined };
}

/** The value of a variable's last assignment. Undefined if there is none, or if it is not plain text. */
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
