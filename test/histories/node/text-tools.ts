/** The commands of the node's program that only read text and write text. */
import { type Tool, type ToolContext, parsed } from './tool.js';

const linesOf = (text: string): string[] => {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
};

function textOf({ disk, input }: ToolContext, paths: readonly string[]): string | undefined {
  if (paths.length === 0) return input();
  const texts = paths.map((path) => disk.read(path));
  return texts.includes(undefined) ? undefined : texts.join('');
}

const base64: Tool = ({ args, input, out, fails }) => {
  const text = input();
  if (!parsed(args).flags.includes('d')) {
    const coded = Buffer.from(text, 'latin1').toString('base64');
    out(coded.replace(/.{1,76}/g, '$&\n'));
    return 0;
  }
  const clean = text.replaceAll('\n', '');
  out(Buffer.from(clean, 'base64').toString('latin1'));
  return /^[A-Za-z0-9+/]*=*$/.test(clean) && clean.length % 4 === 0 ? 0 : fails('invalid input');
};

/** `tr -d CHARS` and `tr CHAR CHAR`. */
const tr: Tool = ({ args, input, out }) => {
  const { flags, operands } = parsed(args);
  const [from = '', to = ''] = operands.map((one) => one.replaceAll('\\n', '\n').replaceAll('\\r', '\r'));
  let text = input();
  for (const char of from) text = text.replaceAll(char, flags.includes('d') ? '' : to);
  out(text);
  return 0;
};

const edge =
  (isHead: boolean): Tool =>
  ({ args, input, out }) => {
    const count = Number(parsed(args, 'n').value.get('n') ?? '10');
    const lines = linesOf(input());
    const shown = isHead ? lines.slice(0, count) : lines.slice(-count);
    out(shown.map((line) => `${line}\n`).join(''));
    return 0;
  };

/** Without keys by the whole line; else by `-k 1,1nr -k 2,2r`, as the program orders its changes. */
const sort: Tool = ({ args, input, out }) => {
  const lines = linesOf(input());
  if (args.includes('-k')) {
    const key = (line: string): [number, string] => [Number(line.split(' ')[0]), line.split(' ')[1] ?? ''];
    lines.sort((left, right) => {
      const [[a, b], [c, d]] = [key(left), key(right)];
      return c - a || (d < b ? -1 : d > b ? 1 : 0);
    });
  } else lines.sort();
  out(lines.map((line) => `${line}\n`).join(''));
  return 0;
};

const cut: Tool = ({ args, input, out }) => {
  const { value } = parsed(args, 'df');
  const [separator, field] = [value.get('d') ?? '\t', Number(value.get('f') ?? '1')];
  for (const line of linesOf(input())) {
    const fields = line.split(separator);
    out(`${fields.length === 1 ? line : (fields[field - 1] ?? '')}\n`);
  }
  return 0;
};

/** `sed -n 's/REGEX//p' FILE`. */
const sed: Tool = (context) => {
  const [program = '', ...paths] = parsed(context.args).operands;
  const regex = /^s\/(.*)\/\/p$/.exec(program)?.[1];
  if (regex === undefined) throw new SyntaxError(`sed: ${program} is not known`);
  const text = textOf(context, paths);
  if (text === undefined) return context.fails("can't read the file");
  for (const line of linesOf(text)) {
    const left = line.replace(new RegExp(regex), '');
    if (left !== line) context.out(`${left}\n`);
  }
  return 0;
};

/** `grep -qxF -- TEXT FILE`. */
const grep: Tool = (context) => {
  const { operands } = parsed(context.args);
  const [wanted = '', ...paths] = operands;
  const text = textOf(context, paths);
  return text !== undefined && linesOf(text).includes(wanted) ? 0 : 1;
};

export const textTools: readonly (readonly [string, Tool])[] = [
  ...Object.entries({ base64, tr, sort, cut, sed, grep }),
  ['head', edge(true)],
  ['tail', edge(false)],
];
