/** Commands that are part of the shell itself. */
import { type Environment, Flow } from './environment.js';
import type { Kernel } from './kernel.js';

export type Builtin = (argv: readonly string[], env: Environment, kernel: Kernel) => number;

/** A redirection of one of these that fails ends the shell. */
export const specialBuiltins: ReadonlySet<string> = new Set([':', 'exec', 'exit', 'return', 'set', 'shift', 'break']);

const leave =
  (what: Flow['what']): Builtin =>
  ([, status], env) => {
    throw new Flow(what, status === undefined ? env.status : Number(status));
  };

const say = (env: Environment, text: string): number => {
  const out = env.files.get(1);
  out?.put(text);
  return out === undefined ? 1 : 0;
};

export const builtins: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [':', () => 0],
  ['true', () => 0],
  ['false', () => 1],
  ['exit', leave('exit')],
  ['return', leave('return')],
  ['break', leave('break')],
  ['continue', leave('continue')],
  ['echo', (argv, env) => say(env, `${argv.slice(1).join(' ').replaceAll('\\n', '\n')}\n`)],
  ['printf', (argv, env) => say(env, formatted(argv[1] ?? '', argv.slice(2)))],
  ['[', (argv, _env, kernel) => (test(argv.slice(1, -1), kernel) ? 0 : 1)],
  ['read', read],
  ['set', ([, , ...args], env) => setArgs(args, env)],
  ['shift', ([, count = '1'], env) => setArgs(env.args.slice(Number(count)), env)],
  [
    'umask',
    ([, mask = '022'], env) => {
      env.umask = parseInt(mask, 8);
      return 0;
    },
  ],
  [
    'command',
    ([, , name = ''], env, kernel) => (builtins.has(name) || kernel.hasTool(name) ? say(env, `${name}\n`) : 1),
  ],
]);

function setArgs(args: readonly string[], env: Environment): number {
  env.args = args;
  return 0;
}

/** `%s` and `%%`, and the escapes of a format. */
function formatted(format: string, args: readonly string[]): string {
  const left = [...args];
  let text = '';
  do {
    text += format.replace(/%[s%]|\\[nt\\]/g, (found) => {
      if (found === '%s') return left.shift() ?? '';
      return { '%%': '%', '\\n': '\n', '\\t': '\t', '\\\\': '\\' }[found] ?? found;
    });
  } while (left.length > 0 && format.includes('%s'));
  return text;
}

function read(argv: readonly string[], env: Environment): number {
  const names = argv.slice(1).filter((word) => word !== '-r');
  const line = env.files.get(0)?.line() ?? '';
  const values = splitLine(line.replace(/\n$/, ''), env.variables.get('IFS') ?? ' \t\n', names.length);
  names.forEach((name, index) => env.variables.set(name, values[index] ?? ''));
  return line.endsWith('\n') ? 0 : 1;
}

/** Into so many fields; the last one holds the rest of the line. */
function splitLine(line: string, separators: string, most: number): string[] {
  if (separators === '') return [line];
  const isBlank = (char: string): boolean => ' \t\n'.includes(char) && separators.includes(char);
  const fields: string[] = [];
  let at = 0;
  const skipBlanks = (): void => {
    while (at < line.length && isBlank(line[at] ?? '')) at += 1;
  };
  skipBlanks();
  while (at < line.length && fields.length < most - 1) {
    const begin = at;
    while (at < line.length && !separators.includes(line[at] ?? '')) at += 1;
    fields.push(line.slice(begin, at));
    skipBlanks();
    if (at < line.length && separators.includes(line[at] ?? '') && !isBlank(line[at - 1] ?? '')) {
      at += 1;
      skipBlanks();
    }
  }
  let rest = line.slice(at);
  while (rest !== '' && isBlank(rest.at(-1) ?? '')) rest = rest.slice(0, -1);
  return [...fields, rest];
}

function test(words: readonly string[], kernel: Kernel): boolean {
  const [first = '', second = '', third = ''] = words;
  if (first === '!' && words.length > 1) return !test(words.slice(1), kernel);
  if (words.length <= 1) return first !== '';
  if (words.length === 2) return unary(first, second, kernel);
  return binary(first, second, third);
}

function unary(operator: string, value: string, kernel: Kernel): boolean {
  if (operator === '-n') return value !== '';
  if (operator === '-z') return value === '';
  const inode = kernel.find(value, operator !== '-L');
  switch (operator) {
    case '-L':
      return inode?.kind === 'link';
    case '-e':
    case '-r':
      return inode !== undefined;
    case '-f':
      return inode?.kind === 'file';
    case '-d':
      return inode?.kind === 'folder';
    case '-s':
      return inode !== undefined && inode.data.length > 0;
    default:
      throw new SyntaxError(`[ ${operator} is not known`);
  }
}

function binary(left: string, operator: string, right: string): boolean {
  if (operator === '=') return left === right;
  if (operator === '!=') return left !== right;
  if (!/^-?\d+$/.test(left) || !/^-?\d+$/.test(right)) return false;
  const [a, b] = [Number(left), Number(right)];
  switch (operator) {
    case '-eq':
      return a === b;
    case '-ne':
      return a !== b;
    case '-lt':
      return a < b;
    case '-le':
      return a <= b;
    case '-gt':
      return a > b;
    case '-ge':
      return a >= b;
    default:
      throw new SyntaxError(`[ ${operator} is not known`);
  }
}
