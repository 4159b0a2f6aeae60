/** Findings that need no playbook: declarations without effect, leftover files, and changes that could not be reverted. Pure. */
import { type IneffectiveSetting, findIneffectiveSettings } from '../facts/not-in-effect.js';
import type { Finding, NodeView } from './assess.js';
import { nextCommand } from '../lib/next-command.js';

const noReferences = { cis: {}, stig: [], docs: [] };
const severityOf = {
  fault: 'critical',
  misspelt: 'high',
  differs: 'high',
  replaced: 'high',
  duplicate: 'medium',
  unclear: 'low',
  overridden: 'low',
  outdated: 'low',
  unread: 'medium',
} as const;

/** Kinds that are about a file, not a setting. */
const namesNoSetting: ReadonlySet<string> = new Set(['fault', 'unclear', 'outdated']);

/**
 * Findings for declarations that are not in effect. Reported with every playbook. What kubelatch itself overrides is no fault:
 * it is told, but does not fail.
 */
export function assessEffect({ facts, setup, configz, showValues }: NodeView): Finding[] {
  return bounded(findIneffectiveSettings(facts, setup, configz, showValues)).map((one) => ({
    rule: 'declared-not-in-effect',
    playbook: 'kubelatch',
    title: one.what,
    severity: severityOf[one.kind],
    status: one.intended === true ? 'not-applicable' : 'fail',
    setting: namesNoSetting.has(one.kind) ? one.source.path : one.what,
    want: undefined,
    wantText: 'every declared setting is in effect',
    got: undefined,
    source: one.source,
    note: one.message,
    references: noReferences,
  }));
}

/** At most `most` of each kind, and one more that counts the rest: a file can repeat a key as often as it likes. */
function bounded(all: readonly IneffectiveSetting[], most = 100): IneffectiveSetting[] {
  const count = new Map<string, number>();
  const over = new Set(
    all.filter(({ kind, intended }) => {
      const key = `${kind} ${intended === true ? 'intended' : ''}`;
      count.set(key, (count.get(key) ?? 0) + 1);
      return (count.get(key) ?? 0) > most;
    }),
  );
  const [first] = over;
  const last = first === undefined ? [] : [{ ...first, message: `${first.message} (and ${over.size - 1} more)` }];
  return [...all.filter((one) => !over.has(one)), ...last];
}

/** Findings for files that are in effect although no setting names them any more. */
export function assessLeftovers({ setup }: NodeView): Finding[] {
  return (setup.leftovers ?? []).map(({ path, message }) => ({
    rule: 'leftover-configuration',
    playbook: 'kubelatch',
    title: 'No leftover configuration is in effect',
    severity: 'medium',
    status: 'fail',
    setting: path,
    want: undefined,
    wantText: 'no such file',
    got: undefined,
    source: { kind: 'drop-in', path },
    note: message,
    references: noReferences,
  }));
}

/**
 * Findings for changes that the node could not revert. Neither the old nor the new files may be complete, and nothing else will
 * fix that.
 */
export function assessTransactions({ facts }: NodeView): Finding[] {
  return facts.transactions
    .filter(({ stuck = '' }) => stuck !== '')
    .map(({ id, stuck = '' }) => ({
      rule: 'revert-failed',
      playbook: 'kubelatch',
      title: 'Unconfirmed changes are reverted',
      severity: 'critical',
      status: 'fail',
      setting: `/var/lib/kubelatch/txn/${id}`,
      want: undefined,
      wantText: 'reverted',
      got: 'revert failed',
      source: { kind: 'file', path: `/var/lib/kubelatch/txn/${id}` },
      note: `run ${id}: ${stuck}. Fix the cause, then run: ${nextCommand('resume', id)}`,
      references: noReferences,
    }));
}
