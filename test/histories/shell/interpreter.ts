/** Runs the commands of a shell text. Each external command, and each wait, gives other processes a turn. */
import { type Builtin, builtins, specialBuiltins } from './builtins.js';
import { fieldsOf, piecesOf, textOf } from './expand.js';
import { instantStatus } from './instant.js';
import { type Expansion, type Kernel, OpenFile, type Steps } from './kernel.js';
import { regexOf } from './pattern.js';
import { redirect, undo } from './redirects.js';
import { type Environment, Flow } from './environment.js';
import { Variables } from './variables.js';
import type { Command, List, Pipeline, SimpleCommand } from './syntax.js';

export class Interpreter {
  readonly kernel: Kernel;
  /** The status of the last `$(...)` of a command that is only assignments. */
  private substituted: number | undefined;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** Runs a whole program; its exit status. */
  *program(list: List, env: Environment): Steps {
    const status = yield* this.untilExit(list, env);
    this.closeAll(env);
    return status;
  }

  private *untilExit(list: List, env: Environment): Steps {
    try {
      return yield* this.list(list, env);
    } catch (flow) {
      if (flow instanceof Flow) return flow.what === 'exit' || flow.what === 'return' ? flow.status : env.status;
      throw flow;
    }
  }

  /** What a command substitution says, without the line feeds at its end. */
  *outputOf(list: List, env: Environment): Expansion<string> {
    const out = new OpenFile('');
    const status = yield* this.inSubshell(list, env, new Map([[1, out]]));
    this.substituted = status;
    env.status = status;
    return out.content.replace(/\n+$/, '');
  }

  private *inSubshell(list: List, env: Environment, over: ReadonlyMap<number, OpenFile>): Steps {
    const files = new Map(env.files);
    for (const [fd, file] of over) files.set(fd, file);
    for (const file of files.values()) file.refs += 1;
    const inner: Environment = { ...env, variables: new Variables(env.variables), files };
    const status = yield* this.untilExit(list, inner);
    this.closeAll(inner);
    return status;
  }

  private closeAll({ files }: Environment): void {
    for (const file of files.values()) this.close(file);
    files.clear();
  }

  close(file: OpenFile | undefined): void {
    if (file === undefined) return;
    file.refs -= 1;
    if (file.refs === 0) this.kernel.closed(file);
  }

  *list(list: List, env: Environment): Steps {
    for (const { first, rest } of list) {
      env.status = instantStatus(first, env, this) ?? (yield* this.pipeline(first, env));
      for (const { operator, pipeline } of rest)
        if ((env.status === 0) === (operator === '&&'))
          env.status = instantStatus(pipeline, env, this) ?? (yield* this.pipeline(pipeline, env));
    }
    return env.status;
  }

  private *pipeline({ negated, commands }: Pipeline, env: Environment): Steps {
    const [only] = commands;
    let status = 0;
    if (commands.length === 1 && only !== undefined) status = yield* this.command(only, env);
    else {
      let input: OpenFile | undefined;
      for (const [index, command] of commands.entries()) {
        const isLast = index === commands.length - 1;
        const over = new Map<number, OpenFile>();
        if (input !== undefined) over.set(0, input);
        const out = new OpenFile('');
        if (!isLast) over.set(1, out);
        const pipeline = { negated: false, commands: [command] };
        status = yield* this.inSubshell([{ first: pipeline, rest: [] }], env, over);
        input = out;
      }
    }
    return negated ? (status === 0 ? 1 : 0) : status;
  }

  *command(command: Command, env: Environment): Steps {
    if (command.kind === 'simple') return yield* this.simple(command, env);
    if (command.redirects.length === 0) return yield* this.compound(command, env);
    const redirected = yield* redirect(command.redirects, env, this);
    if (typeof redirected === 'string') return this.complain(redirected, env);
    try {
      return yield* this.compound(command, env);
    } finally {
      undo(redirected, env, this);
    }
  }

  private complain(why: string, env: Environment): number {
    env.files.get(2)?.put(`sh: ${why}\n`);
    return 2;
  }

  private *compound(command: Exclude<Command, SimpleCommand>, env: Environment): Steps {
    switch (command.kind) {
      case 'group':
        return yield* this.list(command.body, env);
      case 'subshell':
        return yield* this.inSubshell(command.body, env, new Map());
      case 'function':
        env.functions.set(command.name, command.body);
        return 0;
      case 'if': {
        for (const { test, body } of command.clauses)
          if ((yield* this.list(test, env)) === 0) return yield* this.body(body, env);
        return command.otherwise === undefined ? 0 : yield* this.body(command.otherwise, env);
      }
      case 'case': {
        const subject = yield* textOf(command.subject, env, this);
        for (const { patterns, body } of command.items)
          for (const pattern of patterns)
            if (regexOf(yield* piecesOf(pattern, env, this)).test(subject)) return yield* this.body(body, env);
        return 0;
      }
      case 'for': {
        const values = command.words === undefined ? env.args : yield* fieldsOf(command.words, env, this);
        return yield* this.loop(values, env, function* (shell, value) {
          env.variables.set(command.name, value);
          yield* shell.list(command.body, env);
          return true;
        });
      }
      case 'while':
        return yield* this.loop(undefined, env, function* (shell) {
          const status = yield* shell.list(command.test, env);
          if ((status === 0) === command.until) return false;
          yield* shell.list(command.body, env);
          return true;
        });
    }
  }

  /** A body without commands has status 0. */
  private *body(body: List, env: Environment): Steps {
    env.status = 0;
    return yield* this.list(body, env);
  }

  private *loop(
    values: readonly string[] | undefined,
    env: Environment,
    turn: (shell: this, value: string) => Expansion<boolean>,
  ): Steps {
    let status = 0;
    for (let at = 0; values === undefined || at < values.length; at += 1) {
      try {
        if (!(yield* turn(this, values?.[at] ?? ''))) break;
        ({ status } = env);
      } catch (flow) {
        if (!(flow instanceof Flow) || (flow.what !== 'break' && flow.what !== 'continue')) throw flow;
        status = 0;
        if (flow.what === 'break') break;
      }
    }
    env.status = status;
    return status;
  }

  private *simple({ assignments, words, redirects }: SimpleCommand, env: Environment): Steps {
    this.substituted = undefined;
    const argv = yield* fieldsOf(words, env, this);
    const given: [string, string | undefined][] = [];
    for (const { name, value } of assignments) {
      given.push([name, env.variables.get(name)]);
      env.variables.set(name, yield* textOf(value, env, this));
    }
    const [name] = argv;
    const redirected = redirects.length === 0 ? [] : yield* redirect(redirects, env, this);
    if (typeof redirected === 'string') {
      const status = this.complain(redirected, env);
      if (name !== undefined && specialBuiltins.has(name) && !env.functions.has(name)) throw new Flow('exit', status);
      return status;
    }
    // `exec` with redirections alone keeps them.
    if (name === 'exec') {
      for (const { file } of redirected) this.close(file);
      return 0;
    }
    try {
      return name === undefined ? this.lastSubstitution() : yield* this.named(name, argv, env);
    } finally {
      undo(redirected, env, this);
      // Assignments before a command are its own.
      if (name !== undefined) for (const [variable, before] of given) env.variables.set(variable, before);
    }
  }

  /** Of a command that is only assignments. */
  private lastSubstitution(): number {
    return this.substituted ?? 0;
  }

  private *named(name: string, argv: readonly string[], env: Environment): Steps {
    const body = env.functions.get(name);
    if (body !== undefined) return yield* this.call(body, argv.slice(1), env);
    const builtin: Builtin | undefined = builtins.get(name);
    if (builtin !== undefined) return builtin(argv, env, this.kernel);
    if (!this.kernel.hasTool(name)) {
      env.files.get(2)?.put(`sh: ${name}: not found\n`);
      return 127;
    }
    if ((yield { kind: 'command', argv }) === 'fail') {
      env.files.get(2)?.put(`${name}: Input/output error\n`);
      return 1;
    }
    return yield* this.kernel.tool({ argv, files: env.files, umask: env.umask });
  }

  private *call(body: Command, args: readonly string[], env: Environment): Steps {
    const outer = env.args;
    env.args = args;
    try {
      return yield* this.command(body, env);
    } catch (flow) {
      if (flow instanceof Flow && flow.what === 'return') return flow.status;
      throw flow;
    } finally {
      env.args = outer;
    }
  }
}
