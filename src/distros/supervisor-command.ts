/** The command that starts a supervisor: in a unit of systemd, or in a script of OpenRC. */
import { posix } from 'node:path';
import { type Argument, type ServiceCommand, serviceCommand } from '../facts/command-line.js';
import { initScriptCommand } from '../facts/init-script.js';
import { type NodeFacts, type UnitFact, textOf } from '../facts/node-facts.js';
import { unitPaths } from './systemd-kubelet.js';

/** Units name their environment files by %N, the unit's name without its ending. */
const expanded = (unit: UnitFact, path: string): string => path.replaceAll('%N', unit.name.replace(/\.service$/, ''));

/** Its environment files with their whole paths. */
export function supervisorCommand(facts: NodeFacts, unit: UnitFact): ServiceCommand {
  const read = (path: string): string | undefined => textOf(facts, expanded(unit, path));
  const command =
    facts.init === 'openrc' ? initScriptCommand(unit.fragmentPath ?? '', read) : serviceCommand(unitPaths(unit), read);
  return { ...command, environmentFiles: command.environmentFiles.map((path) => expanded(unit, path)) };
}

/** The role and what stands behind it; undefined where the command runs something else. */
export function roleIn(
  command: ServiceCommand,
  binary: string,
): { readonly role: string; readonly args: readonly Argument[] } | undefined {
  const [program, ...words] = command.arguments;
  const at = words.findIndex(({ text }) => /^(server|agent)$/.test(text));
  if (posix.basename(program?.text ?? '') !== binary || at < 0) return undefined;
  return { role: words[at]?.text ?? '', args: words.slice(at + 1) };
}
