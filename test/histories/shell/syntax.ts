/** The shell language as far as the node's programs use it: what a text says, as a tree. */

/** A piece of a word; `quoted`: it stays one field and no pattern. */
export type Part =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  | {
      readonly kind: 'parameter';
      readonly name: string;
      /** Nothing, `length`, or the operator of `${name%pattern}` and the like. */
      readonly operator: '' | 'length' | ':-' | '-' | ':+' | '+' | '%' | '%%' | '#' | '##';
      readonly argument: Word;
      readonly quoted: boolean;
    }
  | { readonly kind: 'command'; readonly body: List; readonly quoted: boolean }
  /** What a command substitution said. */
  | { readonly kind: 'value'; readonly text: string; readonly quoted: boolean }
  | { readonly kind: 'arithmetic'; readonly expression: Word; readonly quoted: boolean };

export type Word = readonly Part[];

export interface Redirect {
  readonly fd: number;
  readonly operator: '<' | '>' | '>>' | '<&' | '>&' | '<<';
  /** A path, a descriptor or `-`; the text of a here-document. */
  readonly target: Word;
}

interface Redirected {
  readonly redirects: readonly Redirect[];
}

export interface SimpleCommand extends Redirected {
  readonly kind: 'simple';
  readonly assignments: readonly { readonly name: string; readonly value: Word }[];
  readonly words: readonly Word[];
}

export type Command =
  | SimpleCommand
  | (Redirected & { readonly kind: 'group' | 'subshell'; readonly body: List })
  | (Redirected & {
      readonly kind: 'if';
      readonly clauses: readonly { readonly test: List; readonly body: List }[];
      readonly otherwise: List | undefined;
    })
  | (Redirected & {
      readonly kind: 'for';
      readonly name: string;
      /** Undefined: the positional parameters. */
      readonly words: readonly Word[] | undefined;
      readonly body: List;
    })
  | (Redirected & { readonly kind: 'while'; readonly until: boolean; readonly test: List; readonly body: List })
  | (Redirected & {
      readonly kind: 'case';
      readonly subject: Word;
      readonly items: readonly { readonly patterns: readonly Word[]; readonly body: List }[];
    })
  | (Redirected & { readonly kind: 'function'; readonly name: string; readonly body: Command });

export interface Pipeline {
  readonly negated: boolean;
  readonly commands: readonly Command[];
}

export interface AndOr {
  readonly first: Pipeline;
  readonly rest: readonly { readonly operator: '&&' | '||'; readonly pipeline: Pipeline }[];
}

export type List = readonly AndOr[];
