/** The commands in the shell blocks of a page, and those of kubelatch between backticks, as words. */
import { blocksOf } from './markdown.js';

export interface DocumentedCommand {
  /** Counted from 1. */
  readonly line: number;
  /** Without settings of the environment before it, and without redirections. */
  readonly words: readonly string[];
}

const shells = new Set(['sh', 'bash', 'shell', 'console']);

/** In blocks, each command of a line of its own; in a `console` block, only lines with a prompt are commands. */
export function commandsOf(page: string): DocumentedCommand[] {
  // A whole script is a file to make, not commands to type.
  const blocks = blocksOf(page).filter(({ language, text }) => shells.has(language) && !text.startsWith('#!'));
  return blocks.flatMap(({ language, line, text }) =>
    joined(text, line)
      .filter((one) => language !== 'console' || one.text.startsWith('$ '))
      .flatMap((one) =>
        splitLine(one.text.replace(/^\$ /, '')).map((words) => ({ line: one.line, words: withoutSettings(words) })),
      )
      .filter(({ words }) => words.length > 0),
  );
}

/** `kubelatch ...` in the text of a page; one that ends in `...` is no whole command. */
export function inlineCommandsOf(page: string): DocumentedCommand[] {
  return page.split('\n').flatMap((text, at) =>
    // A heading names a verb, without what it needs.
    [...(text.startsWith('#') ? '' : text).matchAll(/(?<!`)`(kubelatch [^`]+)`(?!`)/g)]
      .map(([, command = '']) => command)
      .filter((command) => !command.includes('...'))
      .flatMap((command) => splitLine(command).map((words) => ({ line: at + 1, words }))),
  );
}

/** Lines, with those that a backslash continues as one. */
function joined(text: string, first: number): { readonly line: number; readonly text: string }[] {
  const lines: { line: number; text: string }[] = [];
  let isOpen = false;
  for (const [at, one] of text.split('\n').entries()) {
    const last = lines.at(-1);
    const part = one.replace(/\\$/, ' ');
    if (isOpen && last !== undefined) last.text += part;
    else lines.push({ line: first + at, text: part.trimStart() });
    isOpen = one.endsWith('\\');
  }
  return lines;
}

const token = /\s*(?:(#.*$)|(\|\|?|&&|;)|(\d?>>?|<)\s*|((?:'[^']*'|"[^"]*"|\\.|[^\s'"|;<>&\\])+)|(.))/gy;

/** A line of shell as its commands; quotes are gone, and so are comments and redirections. */
function splitLine(line: string): string[][] {
  const commands: string[][] = [[]];
  let isTarget = false;
  for (const [, comment, separator, redirection, word, other] of line.matchAll(token)) {
    if (comment !== undefined) break;
    if (other !== undefined) throw new Error(`not understood: ${JSON.stringify(other)} in ${line}`);
    if (separator !== undefined) commands.push([]);
    if (redirection === undefined && word !== undefined && !isTarget) commands.at(-1)?.push(unquoted(word));
    isTarget = redirection !== undefined;
  }
  return commands.filter((words) => words.length > 0);
}

const unquoted = (word: string): string => word.replace(/'([^']*)'|"([^"]*)"|\\(.)/g, '$1$2$3');

function withoutSettings(words: readonly string[]): readonly string[] {
  const first = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
  return first < 0 ? [] : words.slice(first);
}
