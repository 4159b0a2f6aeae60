/** Moves kubelet-arg from a unit's ExecStart to the end of kubelatch's own file, so that the same values stay in effect. */
import { removeWords } from '../edit/flag-edit.js';
import { extentIn } from '../edit/systemd-drop-in.js';
import type { Argument } from '../facts/command-line.js';
import { type NodeFacts, type UnitFact, textOf } from '../facts/node-facts.js';
import { unitCommand, withDropIn } from '../facts/unit-command.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { TextChange } from './distro.js';
import { overridden } from './drop-in-order.js';
import type { SupervisorState } from './supervised-kubelet.js';
import { appendEntries } from './supervisor-edit.js';
import { dropInChange } from './systemd-kubelet.js';

export function moveArguments(
  facts: NodeFacts,
  unit: UnitFact,
  state: SupervisorState,
): Result<readonly TextChange[], string> {
  const { arguments: args, execStart } = unitCommand(facts, unit);
  const words = args.flatMap((arg, index): Argument[] => {
    if (/^--kubelet-arg=/.test(arg.text)) return [arg];
    const value = args[index + 1];
    return arg.text === '--kubelet-arg' && value !== undefined ? [arg, value] : [];
  });
  const elsewhere = words.find(({ origin }) => origin.kind !== 'unit' && origin.kind !== 'drop-in');
  if (elsewhere !== undefined) {
    const { path, line } = elsewhere.origin;
    return fail(`${path}:${line}: --kubelet-arg comes from a variable. Move it by hand`);
  }
  if (execStart === undefined || words.length === 0) return fail(`${unit.name} has no --kubelet-arg in ExecStart`);
  const extents = words.map(({ origin }) => extentIn(execStart.value, origin));
  const shorter = removeWords(execStart.value.text, extents).trim();
  const entries = (state.config.values.get('kubelet-arg') ?? []).filter(({ origin }) => origin.kind !== 'config');
  const texts = entries.map(({ text }) => text);
  const own = appendEntries(facts, state, texts);
  if (!own.ok) return own;
  const change = dropInChange(facts, unit, { execStart: shorter });
  const later = overridden(change, withDropIn(unit.dropInPaths, change.path), (path) => textOf(facts, path));
  return later === undefined ? ok([change, ...own.value]) : fail(later);
}
