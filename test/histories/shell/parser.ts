/** Reads a shell text into commands. */
import type { AndOr, Command, List, Pipeline, Redirect, Word } from './syntax.js';
import { SimpleParser } from './simple-parser.js';

const closing = new Set(['then', 'do', 'done', 'fi', 'elif', 'else', 'esac', '}']);

class Parser extends SimpleParser {
  constructor(text: string) {
    super(text);
    this.commandsUntil = (end) => {
      const body = this.list();
      if (this.peek() !== end) this.fail(`no ${end}`);
      return body;
    };
  }

  whole(): List {
    const list = this.list();
    if (this.at < this.text.length) this.fail('text after the end');
    return list;
  }

  private list(): List {
    const items: AndOr[] = [];
    for (;;) {
      this.lines();
      const char = this.peek();
      if (char === '' || char === ')' || char === ';' || closing.has(this.ahead())) return items;
      items.push(this.andOr());
      this.blanks();
      if (this.peek() === '&') this.fail('no commands in the background here');
    }
  }

  private andOr(): AndOr {
    const first = this.pipeline();
    const rest: { operator: '&&' | '||'; pipeline: Pipeline }[] = [];
    for (;;) {
      this.blanks();
      const operator = this.text.slice(this.at, this.at + 2);
      if (operator !== '&&' && operator !== '||') return { first, rest };
      this.at += 2;
      this.lines();
      rest.push({ operator, pipeline: this.pipeline() });
    }
  }

  private pipeline(): Pipeline {
    const negated = this.ahead() === '!';
    if (negated) {
      this.at += 1;
      this.blanks();
    }
    const commands = [this.command()];
    for (;;) {
      this.blanks();
      if (this.peek() !== '|' || this.peek(1) === '|') return { negated, commands };
      this.at += 1;
      this.lines();
      commands.push(this.command());
    }
  }

  private command(): Command {
    const made = this.compound() ?? this.functionOrSimple();
    if (made.kind === 'simple' || made.kind === 'function') return made;
    const redirects = this.redirects();
    return redirects.length === 0 ? made : { ...made, redirects };
  }

  private compound(): Command | undefined {
    const redirects: readonly Redirect[] = [];
    if (this.peek() === '(') {
      this.at += 1;
      const body = this.list();
      this.expect(')');
      return { kind: 'subshell', body, redirects };
    }
    const word = this.ahead();
    if (!['{', 'if', 'for', 'while', 'until', 'case'].includes(word)) return undefined;
    this.at += word.length;
    switch (word) {
      case '{': {
        const body = this.list();
        this.expect('}');
        return { kind: 'group', body, redirects };
      }
      case 'if':
        return this.conditional();
      case 'for':
        return this.loopOver();
      case 'case':
        return this.choice();
      default: {
        const test = this.list();
        return { kind: 'while', until: word === 'until', test, body: this.doBody(), redirects };
      }
    }
  }

  private doBody(): List {
    this.expect('do');
    const body = this.list();
    this.expect('done');
    return body;
  }

  private conditional(): Command {
    const clauses: { test: List; body: List }[] = [];
    let otherwise: List | undefined;
    for (;;) {
      const test = this.list();
      this.expect('then');
      clauses.push({ test, body: this.list() });
      const word = this.ahead();
      this.at += word.length;
      if (word === 'elif') continue;
      if (word === 'else') {
        otherwise = this.list();
        this.expect('fi');
      }
      return { kind: 'if', clauses, otherwise, redirects: [] };
    }
  }

  private loopOver(): Command {
    this.blanks();
    const name = this.ahead();
    this.at += name.length;
    this.blanks();
    let words: Word[] | undefined;
    if (this.ahead() === 'in') {
      this.at += 2;
      words = this.words();
    }
    return { kind: 'for', name, words, body: this.doBody(), redirects: [] };
  }

  private words(): Word[] {
    const words: Word[] = [];
    for (;;) {
      this.blanks();
      const word = this.word();
      if (word === undefined) return words;
      words.push(word);
    }
  }

  private choice(): Command {
    this.blanks();
    const subject = this.word() ?? this.fail('no word after case');
    this.expect('in');
    const items: { patterns: Word[]; body: List }[] = [];
    for (;;) {
      this.lines();
      if (this.ahead() === 'esac') break;
      if (this.peek() === '(') this.at += 1;
      const patterns: Word[] = [];
      do {
        if (patterns.length > 0) this.at += 1;
        this.blanks();
        patterns.push(this.word() ?? this.fail('no pattern'));
        this.blanks();
      } while (this.peek() === '|');
      this.expect(')');
      items.push({ patterns, body: this.list() });
      if (this.text.startsWith(';;', this.at)) this.at += 2;
    }
    this.at += 4;
    return { kind: 'case', subject, items, redirects: [] };
  }

  private functionOrSimple(): Command {
    const name = /^([A-Za-z_][A-Za-z0-9_]*)\(\)/.exec(this.text.slice(this.at, this.at + 80))?.[1];
    if (name === undefined) return this.simple();
    this.at += name.length + 2;
    this.lines();
    return { kind: 'function', name, body: this.command(), redirects: [] };
  }
}

const parsed = new Map<string, List>();

/** The commands of a text; the same list for the same text. Throws SyntaxError. */
export function parse(text: string): List {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const list = new Parser(text).whole();
  parsed.set(text, list);
  return list;
}
