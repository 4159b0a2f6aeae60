/** The command that a systemd service runs, each argument with the file and line it comes from. */
import { type Assignment, parseEnvironmentFile } from './environment-file.js';
import { type Spanned, lineAt, sliceSpan, splitWords } from './spanned.js';
import { parseUnitFile } from './unit-file.js';

export interface Origin {
  /**
   * `unit` and `drop-in`: in ExecStart= itself; `environment`: in Environment=; `environment-file`: in a file it names; `config`: in
   * the configuration of a supervisor; `built-in`: the supervisor's own.
   */
  readonly kind: 'unit' | 'drop-in' | 'environment' | 'environment-file' | 'config' | 'built-in';
  readonly path: string;
  readonly line: number;
  /** Extent in that file, quotes included: [start, end). */
  readonly start: number;
  readonly end: number;
  readonly variable?: string | undefined;
}

export interface Argument {
  readonly text: string;
  readonly origin: Origin;
}

/** An assignment that another one replaces: its text has no effect. */
export interface HiddenVariable {
  readonly name: string;
  readonly value: string;
  readonly origin: Origin;
  readonly hiddenBy: Origin;
  /** The other one takes it for its own value, rather than saying the same again. */
  readonly swallowed?: boolean | undefined;
}

export interface ServiceCommand {
  readonly arguments: readonly Argument[];
  /** ExecStart= as it stands, its lines joined. */
  readonly execStart: { readonly value: Spanned; readonly path: string; readonly line: number } | undefined;
  readonly hidden: readonly HiddenVariable[];
  /** In the order systemd reads them. */
  readonly environmentFiles: readonly string[];
  readonly variables: ReadonlyMap<string, Variable>;
}

export interface Variable {
  readonly value: Spanned;
  readonly origin: Origin;
}

/**
 * Resolves ExecStart of a service from its unit file and drop-ins (in systemd's order) and its environment files.
 * `read` gives a file's text, or undefined where it is absent.
 */
export function serviceCommand(paths: readonly string[], read: (path: string) => string | undefined): ServiceCommand {
  let execStart: ServiceCommand['execStart'];
  let environment: Variable[] = [];
  let environmentNames: string[] = [];
  let environmentFiles: string[] = [];
  for (const path of paths) {
    const text = read(path);
    if (text === undefined) continue;
    for (const { section, key, value, line } of parseUnitFile(text)) {
      if (section !== 'Service') continue;
      const empty = value.text.trim() === '';
      if (key === 'ExecStart') {
        execStart = empty ? undefined : { value, path, line };
      } else if (key === 'Environment') {
        if (empty) [environment, environmentNames] = [[], []];
        for (const word of splitWords(value, 'environment')) {
          const at = word.text.indexOf('=');
          if (at <= 0) continue;
          environmentNames.push(word.text.slice(0, at));
          environment.push({
            value: sliceSpan(word, at + 1),
            origin: {
              kind: 'environment',
              path,
              line: lineAt(text, word.start),
              start: word.start,
              end: word.end,
              variable: word.text.slice(0, at),
            },
          });
        }
      } else if (key === 'EnvironmentFile') {
        environmentFiles = empty ? [] : [...environmentFiles, value.text.replace(/^-/, '')];
      }
    }
  }
  const variables = new Map<string, Variable>();
  const hidden: HiddenVariable[] = [];
  const assign = (name: string, variable: Variable): void => {
    const before = variables.get(name);
    if (before !== undefined) {
      hidden.push({ name, value: before.value.text, origin: before.origin, hiddenBy: variable.origin });
    }
    variables.set(name, variable);
  };
  environment.forEach((variable, index) => assign(environmentNames[index] ?? '', variable));
  for (const path of environmentFiles) {
    for (const one of parseEnvironmentFile(read(path) ?? '')) assign(one.name, variableIn(path, one));
  }
  return {
    execStart,
    arguments: execStart === undefined ? [] : expand(execStart, paths[0] === execStart.path, variables, read),
    hidden,
    environmentFiles,
    variables,
  };
}

/** A variable that a file of environment sets. */
export function variableIn(path: string, { name, value, line }: Assignment): Variable {
  const start = value.at[0] ?? 0;
  const end = (value.at.at(-1) ?? start - 1) + 1;
  return { value, origin: { kind: 'environment-file', path, line, start, end, variable: name } };
}

function expand(
  exec: { readonly value: Spanned; readonly path: string },
  isUnit: boolean,
  variables: ReadonlyMap<string, Variable>,
  read: (path: string) => string | undefined,
): Argument[] {
  const file = read(exec.path) ?? '';
  const words = splitWords(exec.value, 'exec');
  const next = words.findIndex(({ text, start, end }) => text === ';' && end - start === 1); // where another command begins
  return words.slice(0, next < 0 ? undefined : next).flatMap((word): Argument[] => {
    const whole = /^\$(?![{$])([^]*)$/.exec(word.text);
    if (whole === null) {
      const text = word.text
        .replaceAll('%%', '%')
        .replace(/\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string | undefined) =>
          name === undefined ? '$' : plainText(variables.get(name)),
        );
      const origin: Origin = {
        kind: isUnit ? 'unit' : 'drop-in',
        path: exec.path,
        line: lineAt(file, word.start),
        start: word.start,
        end: word.end,
      };
      return [{ text, origin }];
    }
    const variable = variables.get(whole[1] ?? '');
    if (variable === undefined) return [];
    const text = read(variable.origin.path) ?? '';
    return splitWords(variable.value, 'variable').map((part) => ({
      text: plainText({ ...variable, value: part }),
      origin: { ...variable.origin, line: lineAt(text, part.start), start: part.start, end: part.end },
    }));
  });
}

/** Units write a percent sign twice, environment files do not. */
function plainText(variable: Variable | undefined): string {
  const text = variable?.value.text ?? '';
  return variable?.origin.kind === 'environment' ? text.replaceAll('%%', '%') : text;
}
