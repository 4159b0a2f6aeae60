/** Redirections of a command: what its descriptors are while it runs. */
import type { Environment } from './environment.js';
import { textOf } from './expand.js';
import type { Interpreter } from './interpreter.js';
import { type Expansion, OpenFile } from './kernel.js';
import type { Redirect } from './syntax.js';

/** What a descriptor was before a redirection. */
interface Before {
  readonly fd: number;
  readonly file: OpenFile | undefined;
}

/** Opens what redirections name. The answer is what was there before, or why something could not be opened. */
export function* redirect(
  redirects: readonly Redirect[],
  env: Environment,
  shell: Interpreter,
): Expansion<readonly Before[] | string> {
  const before: Before[] = [];
  for (const { fd, operator, target } of redirects) {
    const file = openedBy(operator, yield* textOf(target, env, shell), env, shell);
    if (typeof file === 'string') {
      undo(before, env, shell);
      return file;
    }
    before.push({ fd, file: env.files.get(fd) });
    if (file === undefined) env.files.delete(fd);
    else env.files.set(fd, file);
  }
  return before;
}

export function undo(before: readonly Before[], env: Environment, shell: Interpreter): void {
  for (const { fd, file } of before.toReversed()) {
    shell.close(env.files.get(fd));
    if (file === undefined) env.files.delete(fd);
    else env.files.set(fd, file);
  }
}

function openedBy(
  operator: Redirect['operator'],
  text: string,
  env: Environment,
  { kernel }: Interpreter,
): OpenFile | string | undefined {
  switch (operator) {
    case '<<':
      return new OpenFile(text);
    case '<&':
    case '>&': {
      if (text === '-') return undefined;
      const file = env.files.get(Number(text));
      if (file === undefined) return `${text}: Bad file descriptor`;
      file.refs += 1;
      return file;
    }
    default:
      return kernel.open(text, operator, env.umask);
  }
}
