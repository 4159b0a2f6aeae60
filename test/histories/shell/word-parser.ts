/** Reads the words of a shell text: quotes, parameters, substitutions, here-documents. */
import type { List, Part, Word } from './syntax.js';

type Parameter = Extract<Part, { kind: 'parameter' }>;

const ends = new Set([' ', '\t', '\n', ';', '&', '|', '<', '>', '(', ')']);
const operators = [':-', ':+', '%%', '##', '%', '#', '-', '+'] as const;

/** A text and the place in it that is read next. */
export class WordParser {
  at = 0;
  readonly text: string;
  /** Reads the commands of `$(...)`; the list parser sets it. */
  protected commandsUntil: (end: string) => List = () => [];

  constructor(text: string) {
    this.text = text;
  }

  protected peek(ahead = 0): string {
    return this.text[this.at + ahead] ?? '';
  }

  protected fail(why: string): never {
    throw new SyntaxError(`${why} at ${this.text.slice(Math.max(0, this.at - 60), this.at)}<here>`);
  }

  /** The word at this place; undefined where none begins. */
  protected word(): Word | undefined {
    const parts: Part[] = [];
    const begin = this.at;
    while (this.at < this.text.length && !ends.has(this.peek())) this.part(parts);
    return this.at === begin ? undefined : parts;
  }

  private part(parts: Part[]): void {
    const char = this.peek();
    if (char === "'") parts.push({ kind: 'text', text: this.single(), quoted: true });
    else if (char === '"') this.double(parts);
    else if (char === '$') parts.push(this.dollar(false));
    else if (char === '\\') {
      this.at += 2;
      const next = this.text[this.at - 1] ?? '';
      if (next !== '\n') parts.push({ kind: 'text', text: next, quoted: true });
    } else {
      const begin = this.at;
      while (this.at < this.text.length && !ends.has(this.peek()) && !`'"$\\`.includes(this.peek())) this.at += 1;
      parts.push({ kind: 'text', text: this.text.slice(begin, this.at), quoted: false });
    }
  }

  private single(): string {
    const end = this.text.indexOf("'", this.at + 1);
    if (end < 0) this.fail('no closing quote');
    const inside = this.text.slice(this.at + 1, end);
    this.at = end + 1;
    return inside;
  }

  private double(parts: Part[]): void {
    this.at += 1;
    // An empty pair of quotes is a field of its own.
    parts.push({ kind: 'text', text: '', quoted: true });
    this.quotedUntil('"', parts);
    this.at += 1;
  }

  /** Text in which only `$` and the backslash mean something, up to `end`, or to the end of the text. */
  protected quotedUntil(end: string, parts: Part[]): void {
    let text = '';
    const flush = (): void => {
      if (text !== '') parts.push({ kind: 'text', text, quoted: true });
      text = '';
    };
    while (this.at < this.text.length && (end === '' || this.peek() !== end)) {
      const char = this.peek();
      if (char === '$' && /[A-Za-z0-9_{(#?$@*!-]/.test(this.peek(1))) {
        flush();
        parts.push(this.dollar(true));
      } else if (char === '\\' && '$`"\\\n'.includes(this.peek(1))) {
        if (this.peek(1) !== '\n') text += this.peek(1);
        this.at += 2;
      } else {
        text += char;
        this.at += 1;
      }
    }
    if (end !== '' && this.at >= this.text.length) this.fail('no closing quote');
    flush();
  }

  private dollar(quoted: boolean): Part {
    this.at += 1;
    if (this.text.startsWith('((', this.at)) return this.arithmetic(quoted);
    const char = this.peek();
    if (char === '(') {
      this.at += 1;
      const body = this.commandsUntil(')');
      this.at += 1;
      return { kind: 'command', body, quoted };
    }
    if (char === '{') return this.braces(quoted);
    const name = /^([A-Za-z_][A-Za-z0-9_]*|[0-9#?$@*!-])/.exec(this.text.slice(this.at, this.at + 80))?.[0];
    if (name === undefined) return { kind: 'text', text: '$', quoted };
    this.at += name.length;
    return { kind: 'parameter', name, operator: '', argument: [], quoted };
  }

  private braces(quoted: boolean): Parameter {
    this.at += 1;
    const isLength = this.peek() === '#' && this.peek(1) !== '}';
    if (isLength) this.at += 1;
    const name = /^([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[#?$@*!-])/.exec(this.text.slice(this.at, this.at + 80))?.[0];
    if (name === undefined) this.fail('no name of a parameter');
    this.at += name.length;
    const operator = isLength ? 'length' : (operators.find((one) => this.text.startsWith(one, this.at)) ?? '');
    if (operator !== 'length') this.at += operator.length;
    const argument: Part[] = [];
    while (this.peek() !== '}') {
      if (this.at >= this.text.length) this.fail('no closing brace');
      this.bracePart(argument, quoted);
    }
    this.at += 1;
    return { kind: 'parameter', name, operator, argument, quoted };
  }

  private bracePart(parts: Part[], quoted: boolean): void {
    const char = this.peek();
    if (char === "'" && !quoted) parts.push({ kind: 'text', text: this.single(), quoted: true });
    else if (char === '"') this.double(parts);
    else if (char === '$') parts.push(this.dollar(false));
    else if (char === '\\') {
      parts.push({ kind: 'text', text: this.peek(1), quoted: true });
      this.at += 2;
    } else {
      // A pattern in brackets must stay in one piece.
      const begin = this.at;
      while (this.at < this.text.length && !`}'"$\\`.includes(this.peek())) this.at += 1;
      if (this.at === begin) this.at += 1;
      parts.push({ kind: 'text', text: this.text.slice(begin, this.at), quoted: false });
    }
  }

  private arithmetic(quoted: boolean): Part {
    this.at += 2;
    const begin = this.at;
    for (let depth = 0; ; this.at += 1) {
      const char = this.peek();
      if (char === '') this.fail('no end of the arithmetic');
      if (char === '(') depth += 1;
      if (char === ')' && depth === 0) break;
      if (char === ')') depth -= 1;
    }
    const inner = this.text.slice(begin, this.at);
    this.at += 2;
    return { kind: 'arithmetic', expression: this.expanding(inner), quoted };
  }

  /** A text of its own in which parameters and commands are expanded, such as that of a here-document. */
  protected expanding(text: string): Word {
    const outer = { at: this.at, text: this.text };
    const mutable = this as { text: string };
    mutable.text = text;
    this.at = 0;
    const parts: Part[] = [];
    try {
      this.quotedUntil('', parts);
    } finally {
      mutable.text = outer.text;
      this.at = outer.at;
    }
    return parts;
  }
}
