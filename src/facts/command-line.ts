/** The command that a systemd service runs; each argument has the file and line it comes from. */
import { type Argument, expandArguments } from './exec-arguments.js';
import type { ExecWord } from './exec-command.js';
import {
  type OverriddenVariable,
  type Origin,
  type ServiceFiles,
  type Variable,
  readEnvironment,
} from './unit-environment.js';
import type { PlacedCommand, ServiceNote, ServiceSettings } from './unit-directives.js';
import { readSettings } from './unit-settings.js';
import { type Spanned, lineIndex } from './spanned.js';
import type { SpecifierFacts } from './specifiers.js';

export type { Argument } from './exec-arguments.js';
export { type OverriddenVariable, type Origin, type Variable, variableIn } from './unit-environment.js';
export type { ServiceNote } from './unit-directives.js';

export interface ServiceCommand {
  /** The arguments the program gets; the first is its own name. */
  readonly arguments: readonly Argument[];
  /** The program that is executed. It can differ from the first argument. */
  readonly program: Argument | undefined;
  /** ExecStart= as written, with continuation lines joined. */
  readonly execStart: { readonly value: Spanned; readonly path: string; readonly line: number } | undefined;
  readonly hidden: readonly OverriddenVariable[];
  /** The words before variables are expanded, joined by blanks, as systemctl shows them. Undefined if a part is unknown. */
  readonly commandLine: string | undefined;
  /** In the order systemd reads them. */
  readonly environmentFiles: readonly string[];
  /** As the unit writes them: may be patterns, and keep the `-` that marks a file as optional. */
  readonly namedFiles: readonly string[];
  readonly variables: ReadonlyMap<string, Variable>;
  /** The directory the program starts in. Undefined if unknown. */
  readonly workingDirectory: string | undefined;
  /** Errors that keep systemd from starting the service. */
  readonly faults: readonly ServiceNote[];
  /** Parts that could not be computed, so the real command may differ. */
  readonly unclear: readonly ServiceNote[];
}

/** Facts about the node that the unit files do not hold. */
export interface ServiceContext extends Partial<SpecifierFacts>, Partial<Omit<ServiceFiles, 'read'>> {
  /** Names of the variables in the service manager's own environment. */
  readonly manager?: readonly string[] | undefined;
}

/**
 * Resolves ExecStart of a service from its unit file and drop-ins (in systemd's order) and its environment files.
 * `read` returns a file's text, or undefined if the file does not exist.
 */
export function serviceCommand(
  paths: readonly string[],
  read: (path: string) => string | undefined,
  context: ServiceContext = {},
): ServiceCommand {
  const { unit, hostname, bootId, systemd, manager = [] } = context;
  const files: ServiceFiles = {
    read,
    stateOf: context.stateOf ?? (() => 'absent'),
    matches: context.matches ?? (() => undefined),
  };
  const texts = paths.flatMap((path, index) => {
    const text = read(path);
    return text === undefined ? [] : [{ path, text, isUnit: index === 0 }];
  });
  const settings = readSettings(texts, { unit, hostname, bootId, systemd });
  const environment = readEnvironment(settings, files, systemd, manager);
  const command = settings.commands.at(-1);
  const placeOf = placesOf(command, paths[0], read);
  const { found, isTooLong } = command === undefined ? nothing : expandArguments(command, environment, placeOf, read);
  const directory = directoryOf(settings, context.stateOf);
  return {
    execStart: command,
    program: command === undefined ? undefined : { ...command.program, origin: placeOf(command.program) },
    arguments: found,
    commandLine: lineOf(command),
    hidden: environment.hidden,
    namedFiles: settings.environmentFiles.map(({ path, optional }) => `${optional ? '-' : ''}${path}`),
    environmentFiles: environment.files,
    variables: environment.variables,
    workingDirectory: directory.path,
    faults: [
      ...settings.faults,
      ...commandFaults(settings, paths[0]),
      ...programFaults(settings, context.stateOf),
      ...(isTooLong && command !== undefined ? [tooLong(command)] : []),
      ...environment.faults,
      ...directory.faults,
    ],
    unclear: [...settings.unclear, ...environment.unclear, ...argumentNotes(settings, found)],
  };
}

const nothing = { found: [], isTooLong: false } as const;

const tooLong = ({ path, line }: PlacedCommand): ServiceNote => ({
  path,
  line,
  message:
    'the command line exceeds the Linux limit (128 KiB per argument, 2 MiB in total), so systemd cannot start it',
});

function lineOf(command: PlacedCommand | undefined): string | undefined {
  const words = command?.words ?? [];
  if (words.length === 0 || words.some(({ unclear }) => unclear !== undefined)) return undefined;
  return words.map(({ text }) => text).join(' ');
}

/** Maps a word of the command to its file and line. */
function placesOf(
  command: PlacedCommand | undefined,
  unitPath: string | undefined,
  read: (path: string) => string | undefined,
): (word: ExecWord) => Origin {
  const path = command?.path ?? '';
  const kind = path === unitPath ? 'unit' : 'drop-in';
  const lineOf = lineIndex(read(path) ?? '');
  return ({ start, end }) => ({ kind, path, line: lineOf(start), start, end });
}

function commandFaults({ faults, commands, type }: ServiceSettings, unitPath: string | undefined): ServiceNote[] {
  if (faults.length > 0 || unitPath === undefined) return [];
  const last = commands.at(-1);
  if (last === undefined) return [{ path: unitPath, message: 'the unit has no ExecStart= line' }];
  const { path, line } = last;
  return commands.length === 1 || type === 'oneshot'
    ? []
    : [
        {
          path,
          line,
          message:
            'this is a second ExecStart=, which systemd allows only for Type=oneshot; add an empty ExecStart= line before it',
        },
      ];
}

/** systemd notices a missing program only when it starts the service. */
function programFaults(
  { commands }: ServiceSettings,
  stateOf: ServiceFiles['stateOf'] = () => 'unread',
): ServiceNote[] {
  const last = commands.at(-1);
  if (last === undefined || last.program.unclear !== undefined) return [];
  const { path, line, program } = last;
  const state = program.text.startsWith('/') ? stateOf(program.text) : 'unread';
  if (program.text.includes('$'))
    return [{ path, line, message: `systemd does not expand variables in the program path ${program.text}` }];
  return state === 'unread' ? [] : [{ path, line, message: `the program ${program.text} does not exist` }];
}

function argumentNotes({ commands, type }: ServiceSettings, found: readonly Argument[]): ServiceNote[] {
  const last = commands.at(-1);
  const several =
    commands.length > 1 && type === 'oneshot' && last !== undefined
      ? [{ path: last.path, line: last.line, message: 'ExecStart=: the unit has several commands' }]
      : [];
  // An unclear earlier command may turn out not to exist, which would change which command is the last one.
  const earlier = commands.slice(0, -1).flatMap(({ path, line, program, words }): ServiceNote[] => {
    const unclear = [program, ...words].find((word) => word.unclear !== undefined)?.unclear;
    return unclear === undefined ? [] : [{ path, line, message: unclear }];
  });
  return [
    ...several,
    ...earlier,
    ...found.flatMap(({ unclear, origin: { path, line } }): ServiceNote[] =>
      unclear === undefined ? [] : [{ path, line, message: unclear }],
    ),
  ];
}

function directoryOf(
  { directory }: ServiceSettings,
  stateOf: ServiceFiles['stateOf'] = () => 'unread',
): { readonly path: string | undefined; readonly faults: readonly ServiceNote[] } {
  if (directory === undefined) return { path: '/', faults: [] };
  const { optional, place, kind } = directory;
  if (kind === 'unknown') return { path: undefined, faults: [] };
  const path = kind === 'home' ? '/root' : directory.path;
  if (stateOf(path) !== 'absent') return { path, faults: [] };
  const message = `WorkingDirectory=${path} does not exist`;
  return optional ? { path: '/', faults: [] } : { path, faults: [{ ...place, message }] };
}
