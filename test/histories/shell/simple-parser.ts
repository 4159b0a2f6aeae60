/** Reads simple commands of a shell text: words, assignments, redirections and here-documents. */
import type { Part, Redirect, SimpleCommand, Word } from './syntax.js';
import { WordParser } from './word-parser.js';

interface Heredoc {
  readonly end: string;
  readonly raw: boolean;
  readonly parts: Part[];
}

export class SimpleParser extends WordParser {
  private readonly pending: Heredoc[] = [];

  protected blanks(): void {
    for (;;) {
      const char = this.peek();
      if (char === ' ' || char === '\t') this.at += 1;
      else if (char === '\\' && this.peek(1) === '\n') this.at += 2;
      else if (char === '#') while (this.at < this.text.length && this.peek() !== '\n') this.at += 1;
      else return;
    }
  }

  protected lines(): void {
    for (;;) {
      this.blanks();
      if (this.peek() === '\n') this.newline();
      else if (this.peek() === ';' && this.peek(1) !== ';') this.at += 1;
      else return;
    }
  }

  private newline(): void {
    this.at += 1;
    for (const { end, raw, parts } of this.pending.splice(0)) {
      const close = this.text.indexOf(`\n${end}\n`, this.at - 1);
      if (close < 0) this.fail(`no end ${end}`);
      const text = this.text.slice(this.at, close + 1);
      if (raw) parts.push({ kind: 'text', text, quoted: true });
      else parts.push(...this.expanding(text));
      this.at = close + end.length + 2;
    }
  }

  /** The reserved word or name at this place, without moving. */
  protected ahead(): string {
    return /^(?:[A-Za-z_][A-Za-z0-9_]*|[{}!])(?=[\s;()&|]|$)/.exec(this.text.slice(this.at, this.at + 80))?.[0] ?? '';
  }

  protected expect(word: string): void {
    this.lines();
    if (!this.text.startsWith(word, this.at)) this.fail(`no ${word}`);
    this.at += word.length;
  }

  protected simple(): SimpleCommand {
    const begin = this.at;
    const assignments: { name: string; value: Word }[] = [];
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (;;) {
      redirects.push(...this.redirects());
      const name = words.length === 0 ? this.assigned() : undefined;
      if (name !== undefined) {
        this.at += name.length + 1;
        assignments.push({ name, value: this.word() ?? [] });
        continue;
      }
      const word = this.word();
      if (word === undefined) break;
      words.push(word);
    }
    if (this.at === begin) this.fail('no command');
    return { kind: 'simple', assignments, words, redirects };
  }

  private assigned(): string | undefined {
    return /^([A-Za-z_][A-Za-z0-9_]*)=/.exec(this.text.slice(this.at, this.at + 80))?.[1];
  }

  protected redirects(): Redirect[] {
    const found: Redirect[] = [];
    for (;;) {
      this.blanks();
      const match = /^([0-9]?)(<<|>>|<&|>&|<|>)/.exec(this.text.slice(this.at, this.at + 4));
      if (match === null) return found;
      this.at += match[0].length;
      const operator = match[2] as Redirect['operator'];
      const fd = match[1] === '' ? (operator.startsWith('<') ? 0 : 1) : Number(match[1]);
      this.blanks();
      const target = this.word() ?? this.fail('nothing after a redirection');
      found.push({ fd, operator, target: operator === '<<' ? this.heredoc(target) : target });
    }
  }

  private heredoc(end: Word): Word {
    const parts: Part[] = [];
    const text = end.map((part) => (part.kind === 'text' ? part.text : '')).join('');
    this.pending.push({ end: text, raw: end.some((part) => part.kind === 'text' && part.quoted), parts });
    return parts;
  }
}
