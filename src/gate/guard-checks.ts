/** What the gate asks about the packet filter and the address list of a node: that they are in effect. */
import { filterState } from '../facts/parse.js';
import { countsBytes } from '../facts/parse-units.js';
import type { GuardKind } from '../plan/guard-plan.js';
import type { Check, GateOptions, GateProbe } from './check.js';
import type { GateConnection } from './connection.js';

const expected: Readonly<Record<GuardKind, string>> = {
  'packet-filter': 'the table of its file is in effect',
  'address-list': 'systemd filters addresses for the unit',
};

/** None where the change keeps nobody from the kubelet. */
export const guardProbes = (options: GateOptions, connection: GateConnection): GateProbe[] =>
  (options.guards ?? []).length === 0 ? [] : [guardProbe(options, connection)];

function guardProbe({ guards = [], target }: GateOptions, connection: GateConnection): GateProbe {
  const checks = guards.map((check): Check => ({
    check,
    expected: expected[check],
    seen: 'not checked yet',
    passed: false,
  }));
  return {
    checks,
    async poll() {
      const said = await connection.filterLines(target.unit);
      for (const check of checks) Object.assign(check, said.ok ? judge(check, said.value) : unseen(said.error.message));
    },
  };
}

const unseen = (seen: string): Partial<Check> => ({ passed: false, seen });

function judge({ check }: Check, [filter, bytes]: readonly string[]): Partial<Check> {
  if (check === 'address-list') {
    const passed = countsBytes(bytes) === true;
    return {
      passed,
      definite: bytes !== undefined,
      seen: passed ? 'it does' : 'it does not: the kernel may lack eBPF for control groups',
    };
  }
  const state = filterState(filter) ?? 'unable';
  return { passed: state === 'same', definite: state !== 'unable', seen: words[state] };
}

const words = {
  same: 'in effect',
  different: 'another table',
  missing: 'no such table',
  absent: 'the file is gone',
  unable: 'the table could not be read',
} as const;
