/** Moves kubelet-arg from a unit's ExecStart into our own file: what was in effect stays, and files are heard again. */
import { removeWords } from '../edit/flag-edit.js';
import { extentIn } from '../edit/systemd-drop-in.js';
import { type Argument, serviceCommand } from '../facts/command-line.js';
import { type NodeFacts, type UnitFact, textOf } from '../facts/node-facts.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { TextChange } from './distro.js';
import type { SupervisorState } from './supervised-kubelet.js';
import { writeOwn } from './supervisor-edit.js';
import { dropInChange, unitPaths } from './systemd-kubelet.js';

export function moveArguments(
  facts: NodeFacts,
  unit: UnitFact,
  state: SupervisorState,
): Result<readonly TextChange[], string> {
  const { arguments: args, execStart } = serviceCommand(unitPaths(unit), (path) => textOf(facts, path));
  const words = args.flatMap((arg, index): Argument[] => {
    if (/^--kubelet-arg=/.test(arg.text)) return [arg];
    const value = args[index + 1];
    return arg.text === '--kubelet-arg' && value !== undefined ? [arg, value] : [];
  });
  const elsewhere = words.find(({ origin }) => origin.kind !== 'unit' && origin.kind !== 'drop-in');
  if (elsewhere !== undefined) {
    const { path, line } = elsewhere.origin;
    return fail(`${path}:${line}: --kubelet-arg comes from a variable: move it by hand`);
  }
  if (execStart === undefined || words.length === 0) return fail(`${unit.name} has no --kubelet-arg in ExecStart`);
  const extents = words.map(({ origin }) => extentIn(execStart.value, origin));
  const shorter = removeWords(execStart.value.text, extents).trim();
  const entries = (state.config.values.get('kubelet-arg') ?? []).map((one) => one.text);
  // Not `kubelet-arg+`: the arguments hid the files' entries, and those must not come to life by this.
  const own = writeOwn(facts, state, 'kubelet-arg', entries, 'kubelet-arg', entries.at(-1) ?? '');
  return own.ok ? ok([dropInChange(facts, unit, { execStart: shorter }), ...own.value]) : own;
}
