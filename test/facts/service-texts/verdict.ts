/** What is said of one service, beside what systemd did with it. */
import { type ServiceCommand, serviceCommand } from '../../../src/facts/command-line.js';
import { type NodeFacts, type UnitFact, textOf } from '../../../src/facts/node-facts.js';
import { contextOf, unitPaths, unreadFiles } from '../../../src/facts/unit-command.js';

/** What the program was started with, and where; undefined where systemd did not start it. */
export interface Started {
  readonly arguments: readonly string[];
  readonly folder: string;
}

export type Verdict = Started | 'not started' | 'unclear';

/** By the texts alone, without what systemd has read of them. */
export function verdictOn(
  facts: NodeFacts,
  unit: UnitFact,
): { readonly verdict: Verdict; readonly command: ServiceCommand } {
  const command = serviceCommand(unitPaths(unit), (path) => textOf(facts, path), contextOf(facts, unit));
  const { faults, unclear, workingDirectory } = command;
  const unread = unreadFiles(facts, unit, command);
  if (unclear.length > 0 || unread.length > 0 || workingDirectory === undefined) return { verdict: 'unclear', command };
  if (faults.length > 0) return { verdict: 'not started', command };
  const texts = command.arguments.map(({ text }) => text);
  return { verdict: { arguments: texts, folder: workingDirectory }, command };
}
