/** The command of one unit of a node, from its files and from what systemd has loaded. */
import { basename } from 'node:path';
import { byBytes } from '../lib/lists.js';
import { memoizePair } from '../lib/memoize.js';
import { type ServiceCommand, type ServiceContext, serviceCommand } from './command-line.js';
import { type FileFact, type NodeFacts, type UnitFact, textOf, unreadMessage } from './node-facts.js';
import type { ServiceNote } from './unit-directives.js';

/** The unit file and its drop-ins, in systemd's order. */
export const unitPaths = (unit: UnitFact): readonly string[] => [
  ...(unit.fragmentPath === undefined ? [] : [unit.fragmentPath]),
  ...unit.dropInPaths,
];

/** The unit's drop-ins with one more. systemd sorts them by file name across folders, and of equal names uses the one in /etc. */
export const withDropIn = (dropInPaths: readonly string[], path: string): readonly string[] =>
  [...dropInPaths.filter((one) => basename(one) !== basename(path)), path].sort((left, right) =>
    byBytes(basename(left), basename(right)),
  );

/** The command from the files, and where systemd has loaded something else. Each distribution asks for it. */
export const unitCommand = memoizePair(readUnitCommand);

function readUnitCommand(facts: NodeFacts, unit: UnitFact): ServiceCommand {
  const command = serviceCommand(unitPaths(unit), (path) => textOf(facts, path), contextOf(facts, unit));
  const missing = missingUnit(facts, unit);
  if (missing !== undefined) return { ...command, faults: [missing] };
  const { faults, unclear } = command;
  const asLoaded = differences(unit, command);
  if (asLoaded.length > 0) return { ...command, unclear: [...unclear, ...asLoaded] };
  return unit.refused === true && faults.length === 0 ? { ...command, faults: [refusal(unit)] } : command;
}

export function contextOf(facts: NodeFacts, unit: UnitFact): ServiceContext {
  return {
    // If a unit has several names, its specifiers use the one systemd loaded first, which is not known here.
    unit: unit.names === undefined || unit.names.length < 2 ? unit.name : undefined,
    hostname: facts.hostname,
    bootId: facts.bootId,
    systemd: facts.systemd,
    manager: facts.managerVariables,
    stateOf: (path) => {
      const kind = facts.files.get(path)?.kind;
      return kind === 'absent' || kind === 'folder' ? kind : 'unread';
    },
    matches: (pattern) => {
      // The node's shell expands these patterns differently from systemd.
      if (/\\|\[\^/.test(pattern)) return undefined;
      const found = facts.globs?.get(pattern)?.toSorted(byBytes);
      // A shell keeps a pattern that matches nothing, but a file may also have exactly that name.
      const isName = found?.length === 1 && found[0] === pattern;
      return isName && pattern.includes('[') ? undefined : found;
    },
  };
}

function differences(unit: UnitFact, command: ServiceCommand): ServiceNote[] {
  const { asLoaded } = unit;
  const path = unit.fragmentPath ?? unit.name;
  if (asLoaded === undefined || command.faults.length > 0 || command.unclear.length > 0) return [];
  const { commandLine, namedFiles, execStart } = command;
  // systemctl shows each line as one property.
  const isShown = commandLine?.includes('\n') === false;
  if (isShown && execStart !== undefined && asLoaded.commands.at(-1) !== commandLine) {
    const { path, line } = execStart;
    return [
      {
        path,
        line,
        message: `systemd has loaded a different command. Compare with: systemctl show -p ExecStart ${unit.name}`,
      },
    ];
  }
  const isSame = (one: string, index: number): boolean => namedFiles[index] === one;
  const loaded = asLoaded.environmentFiles.map((one) => `${one.optional ? '-' : ''}${one.path}`);
  return loaded.length === namedFiles.length && loaded.every(isSame)
    ? []
    : [
        {
          path,
          message: `systemd has loaded different files than EnvironmentFile= names. Compare with: systemctl show -p EnvironmentFiles ${unit.name}`,
        },
      ];
}

/** The fault of a unit file that was removed or masked. */
function missingUnit(facts: NodeFacts, { name, fragmentPath: path }: UnitFact): ServiceNote | undefined {
  const file = path === undefined ? undefined : facts.files.get(path);
  if (path === undefined || file === undefined) return undefined;
  if (file.kind === 'absent') return { path, message: 'the unit file no longer exists' };
  return isMask(file) ? { path, message: `the unit is masked. Run: systemctl unmask ${name}` } : undefined;
}

/** An empty file or a link to /dev/null, which masks other files. */
const isMask = (file: FileFact): boolean =>
  (file.kind === 'file' && file.size === 0) || (file.kind === 'other' && file.linkTarget === '/dev/null');

const refusal = (unit: UnitFact): ServiceNote => ({
  path: unit.fragmentPath ?? unit.name,
  message: `systemd found an error in the unit. See: systemctl status ${unit.name}`,
});

/** Files of the unit that systemd reads but whose text is unknown. */
export function unreadFiles(
  facts: NodeFacts,
  unit: UnitFact,
  { environmentFiles, namedFiles }: ServiceCommand,
): ServiceNote[] {
  const patterns = namedFiles.map((one) => one.replace(/^-/, '')).filter((one) => /[*?[\\]/.test(one));
  return [...unitPaths(unit), ...environmentFiles]
    .filter((path) => {
      const file = facts.files.get(path);
      if (file === undefined) return !patterns.includes(path);
      return textOf(facts, path) === undefined && !['absent', 'folder'].includes(file.kind) && !isMask(file);
    })
    .map((path) => ({ path, message: unreadMessage(facts, path) }));
}
