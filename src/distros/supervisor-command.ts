/** The command that starts a supervisor, from a systemd unit or an OpenRC script. */
import { posix } from 'node:path';
import type { Argument, ServiceCommand } from '../facts/command-line.js';
import { initScriptCommand } from '../facts/init-script.js';
import { type NodeFacts, type UnitFact, textOf } from '../facts/node-facts.js';
import { unitCommand } from '../facts/unit-command.js';

export function supervisorCommand(facts: NodeFacts, unit: UnitFact): ServiceCommand {
  return facts.init === 'openrc'
    ? initScriptCommand(unit.fragmentPath ?? '', (path) => textOf(facts, path))
    : unitCommand(facts, unit);
}

/** The role and the arguments after it. Undefined if the command runs something else. */
export function roleIn(
  command: ServiceCommand,
  binary: string,
): { readonly role: string; readonly args: readonly Argument[]; readonly comesFirst: boolean } | undefined {
  const words = command.arguments.slice(1);
  const at = words.findIndex(({ text }) => /^(server|agent)$/.test(text));
  if (posix.basename(command.program?.text ?? '') !== binary || at < 0) return undefined;
  return { role: words[at]?.text ?? '', args: words.slice(at + 1), comesFirst: at === 0 };
}
