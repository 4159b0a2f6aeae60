/** The rollout of a guided session, and what to do with hosts that failed: go on, retry, skip, undo everything. */
import type { GuidedRun, GuidedSelection, Talk } from './steps.js';

/** Exit code of a run whose changes were reverted on healthy hosts. */
const revertedCode = 4;

/** What is still to be done. */
interface Rest {
  /** May be tried again. */
  readonly failed: readonly string[];
  readonly unknown: readonly string[];
  readonly left: readonly string[];
}

/** Returns the exit code. */
export async function carryOut(selection: GuidedSelection, talk: Talk): Promise<number> {
  const { steps, out } = talk;
  let hosts = selection.hosts;
  let rest: Rest = { failed: [], unknown: [], left: [] };
  for (;;) {
    const done = await steps.apply({ ...selection, hosts });
    out(done.text);
    rest = restAfter(rest, hosts, done);
    if (rest.failed.length + rest.unknown.length + rest.left.length === 0) return end(done.exitCode, selection, talk);
    const next = await askHowToGoOn(rest, talk);
    if (next === 'stop') return end(done.exitCode, selection, talk);
    if (next === 'undo') {
      const undone = await steps.rollbackAll();
      out(undone.text);
      return undone.exitCode === 0 ? revertedCode : undone.exitCode;
    }
    hosts = next.hosts;
    rest = next.rest;
  }
}

/** What another try did not touch is still to be done. */
function restAfter(before: Rest, tried: readonly string[], { failed, unknown, left }: GuidedRun): Rest {
  const others = (names: readonly string[]): string[] => names.filter((name) => !tried.includes(name));
  return {
    failed: [...others(before.failed), ...failed],
    unknown: [...others(before.unknown), ...unknown],
    left: [...others(before.left), ...left],
  };
}

type Next = 'stop' | 'undo' | { readonly hosts: readonly string[]; readonly rest: Rest };

function askHowToGoOn(rest: Rest, { prompts }: Talk): Promise<Next> {
  const { failed, unknown, left } = rest;
  const troubled = [...failed, ...unknown];
  const states = [
    ...(failed.length === 0 ? [] : [`${named(failed)} failed.`]),
    ...(unknown.length === 0 ? [] : [`The state of ${named(unknown)} is unknown.`]),
    ...(troubled.length === 0 ? [`${named(left)} not started yet.`] : []),
  ];
  const ways: readonly { readonly name: string; readonly value: Next; readonly isThere: boolean }[] = [
    {
      name: `Retry ${named(failed)}${left.length === 0 ? '' : ' alone'}`,
      value: { hosts: failed, rest },
      isThere: failed.length > 0,
    },
    {
      name: `Go on: retry ${named(failed)}, then the rest (${named(left)})`,
      value: { hosts: [...failed, ...left], rest },
      isThere: failed.length > 0 && left.length > 0,
    },
    {
      name: troubled.length === 0 ? `Go on with ${named(left)}` : `Skip ${named(troubled)}, go on with ${named(left)}`,
      value: { hosts: left, rest: { failed: [], unknown: [], left } },
      isThere: left.length > 0,
    },
    { name: 'Undo: roll back every change of this session', value: 'undo', isThere: true },
    { name: 'Stop here: keep the confirmed changes and quit', value: 'stop', isThere: true },
  ];
  const choices = ways.filter(({ isThere }) => isThere).map(({ name, value }) => ({ name, value }));
  return prompts.select(`${states.join(' ')} What next?`, choices);
}

/** `n4`, `12 hosts`. */
const named = (hosts: readonly string[]): string => (hosts.length === 1 ? (hosts[0] ?? '') : `${hosts.length} hosts`);

function end(code: number, selection: GuidedSelection, { steps, out }: Talk): number {
  out(`The same without questions:\n    ${steps.command(selection)}\n`);
  return code;
}
