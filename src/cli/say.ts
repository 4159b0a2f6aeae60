/** Text on stderr. */
import { print, safeText } from '../lib/output.js';
import { messageLines } from '../report/layout.js';

/** Columns of a stream; a terminal without a known size reports 0, and what is no terminal breaks no line. */
export const columnsOf = (stream: NodeJS.WriteStream): number => (stream.isTTY ? stream.columns || 80 : Infinity);

/** As it is: a text that is laid out already, such as a table. */
export const say = (text: string): void => print(process.stderr, safeText(`${text}\n`));

/** Wrapped at words on a terminal, whole in a pipe. */
export const sayOn = (stream: NodeJS.WriteStream, text: string): void =>
  print(stream, safeText(`${messageLines(text, columnsOf(stream)).join('\n')}\n`));
