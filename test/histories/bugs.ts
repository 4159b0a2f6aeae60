/** Bugs that are put into the real program on purpose, as changes of its text: each must be found, or the histories prove nothing. */

import { type FaultKind, anyVerb, type callFaults, type commandFaults } from './faults.js';
import type { Focus } from './setting.js';

/** A text of a source that is replaced. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

interface SeededBug {
  readonly about: string;
  /** Undefined: it is looked for in all histories. */
  readonly focus?: Focus;
  readonly changes: readonly Change[];
}

const at = (verb: string, what: keyof typeof commandFaults, isFlush = false): FaultKind => ({
  ...{ on: 'command', verb, what, isFlush },
});
const calling = (verb: string, what: keyof typeof callFaults): FaultKind => ({ on: 'call', verb, what });
const soonCut = at(anyVerb, 'cut', true);

const inShell = (file: string, from: string, to = ''): Change => ({ file: `src/node/${file}.sh`, from, to });
const inCode = (file: string, from: string, to = ''): Change => ({ file: `src/${file}.ts`, from, to });

export const bugs = {
  'confirm-after-expiry': {
    about: 'confirm does not look whether the node has decided to revert',
    changes: [
      inShell('txn', '    applied) ;;\n    confirmed)\n', '    applied | reverting | reverted) ;;\n    confirmed)\n'),
      inShell('txn', '  trouble=$(each_file stands) || answer unsafe "$trouble"\n'),
      inShell(
        'txn',
        'trouble=$(mv "$TXN/undecided" "$TXN/decided-confirm" 2>&1) ||',
        'mv "$TXN/undecided" "$TXN/decided-confirm" ||',
      ),
      inShell('txn', ' answer error "cannot write below $ROOT: $trouble"\n  flush "$TXN"\n', ' true\n  flush "$TXN"\n'),
    ],
  },
  'rename-before-flush': {
    about: 'a new file is renamed into place before its content is flushed',
    changes: [inShell('txn-stage', '&& flush "$staged" &&\n    [ "$(sha_of', '&&\n    [ "$(sha_of')],
  },
  'new-names-not-flushed': {
    about: 'write does not flush the names of the new files',
    changes: [inShell('txn-stage', '  fi && flush "$3" "${3%/*}/"\n', '  fi\n')],
  },
  'old-names-not-flushed': {
    about: 'a revert does not flush the names of the old files',
    changes: [inShell('txn-files', 'drop_link "$@" && flush "$3" "${3%/*}/"', 'drop_link "$@"')],
  },
  'state-before-flush': {
    about: 'a state is renamed into place before its content is flushed',
    changes: [inShell('txn-files', '&& flush "$2.tmp" && move', '&& move')],
  },
  'copies-not-flushed': {
    about: 'prepare does not flush the copies of the old files',
    changes: [inShell('txn-stage', ' && flush "$TXN/old/$n"; }', '; }')],
  },
  'folders-not-flushed': {
    about: 'the first change on a node does not flush the folders that lead to it',
    changes: [inShell('txn', ' "$BASE" "${BASE%/*}" && set_state prepared', ' && set_state prepared')],
  },
  'armed-before-flush': {
    about: 'arm answers before the units are flushed',
    changes: [
      inShell(
        'txn-switch',
        ' && flush "$UNITS"/kubelatch-* "$UNITS" "$WANTED" "$TXN/boot" "$TXN/deadline" "$TXN" &&',
        ' &&',
      ),
    ],
  },
  'switch-removed-before-flush': {
    about: 'the switch is removed before the end of the change is flushed',
    focus: {
      scenario: 'apply',
      isAbandoned: true,
      faults: [at('write', 'trouble'), at(anyVerb, 'cut'), calling('write', 'death-later')],
    },
    changes: [inShell('txn-switch', '  flush "$TXN"\n  ! of_others', '  ! of_others')],
  },
  'revert-before-flush': {
    about: 'a revert goes on from a state that is not flushed yet',
    focus: { scenario: 'rollback', isLate: true, faults: [at('revert', 'kill', true), soonCut] },
    changes: [inShell('txn-undo', '  flush "$TXN"\n  case', '  case')],
  },
  'list-before-flush': {
    about: 'a node reports a state that is not flushed yet',
    focus: {
      scenario: 'apply',
      faults: [at('confirm', 'stall', true), calling('confirm', 'death-later'), soonCut],
    },
    changes: [inShell('txn', '    flush "$dir" 2>/dev/null || true\n')],
  },
  'written-and-running': {
    about: 'write fails, and a kubelet that started meanwhile is not restarted with the old files',
    focus: { scenario: 'apply', faults: [at('write', 'start'), at(anyVerb, 'trouble')] },
    changes: [inShell('txn', ' || is_same_kubelet "$before" ||', ' || true ||')],
  },
  'write-before-arm': {
    about: 'the controller writes before the switch is armed',
    changes: [
      inCode('change/steps', '  arm,\n  write,\n', '  write,\n  arm,\n'),
      inShell('txn', '[ "$(state_of "$TXN")" = armed ] && [ -e "$TXN/undecided" ]', 'true'),
      inShell(
        'txn',
        '  [ "$(state_of "$TXN")" = prepared ] || answer state "$(state_of "$TXN")"\n  if other',
        '  if other',
      ),
      inShell('txn', '  changed=$(each_file unchanged) || {\n    discard\n    answer changed "$changed"\n  }\n'),
      inShell('txn', '  problem=$(set_state armed 2>&1) || not_armed "cannot write below $ROOT: $problem"\n'),
    ],
  },
  'timer-lost-at-reload': {
    about: 'there is a timer and no service that waits, and a daemon-reload loses the timer',
    focus: { scenario: 'apply', isAbandoned: true, faults: [at('write', 'reload'), calling('restart', 'death')] },
    changes: [
      inShell(
        'txn-switch',
        'ask_systemd restart kubelatch-switch.timer &&',
        'ask_systemd restart kubelatch-switch.timer\n',
      ),
      inShell('txn-switch', '    ask_systemd start kubelatch-switch.service\n'),
      {
        file: 'test/histories/node/systemd.ts',
        from: 'if (this.timer?.fires !== undefined) this.beginTimer(this.timer.since);',
        to: 'this.stopTimer();',
      },
    ],
  },
  'boot-unit-removed-too-early': {
    about: 'a revert removes the switch before it has restored the files',
    changes: [
      inShell(
        'txn-undo',
        '  trouble=$(each_file reachable) || answer error "$trouble"\n  all_ours\n  trouble=$(each_file put_old',
        '  stop_switch "$self"\n  trouble=$(each_file put_old',
      ),
    ],
  },
  'boot-unit-not-ordered': {
    about: 'at boot nothing makes the kubelet wait for the revert',
    changes: [inShell('txn-switch', 'Before=$(line_of "$TXN/unit")\n', '')],
  },
  'switch-left-armed': {
    about: 'nothing removes the switch at the end of a change',
    changes: [inShell('txn-switch', 'stop_switch() {\n', 'stop_switch() {\n  return 0\n')],
  },
  'rollback-without-switch': {
    about: 'a rollback of a confirmed change arms no switch',
    changes: [
      inShell(
        'txn-undo',
        '  trouble=$(start_switch 240 2>&1) || not_taken_back "the revert timer cannot be armed: $trouble"\n',
      ),
    ],
  },
  'revert-without-restart': {
    about: 'a revert does not restart the kubelet',
    changes: [inShell('txn-undo', '  restart_unit "$unit"\n  status=$?', '  status=0')],
  },
  'lock-not-taken': {
    about: 'no process takes a lock on the node',
    focus: { scenario: 'apply', faults: [at('write', 'stall')] },
    changes: [inShell('txn-state', '  until flock -n "$1"; do', '  until true; do')],
  },
  'second-run-not-refused': {
    about: 'a run does not look whether another one holds the node',
    changes: [inShell('txn-state', 'holder() {\n', 'holder() {\n  return 1\n')],
  },
  'stale-nonce': {
    about: 'confirm does not compare the nonce',
    focus: { scenario: 'apply', faults: [at('restart', 'foreign')] },
    changes: [
      inShell(
        'txn',
        `  [ "$(line_of "$TXN/nonce")" = "$1" ] || answer state 'held by another run of the same name'\n  same_boot_only\n  trouble=$(each_file stands)`,
        '  same_boot_only\n  trouble=$(each_file stands)',
      ),
    ],
  },
  'confirm-after-reboot': {
    about: 'confirm does not compare the boot',
    focus: { scenario: 'apply', faults: [at('confirm', 'cut'), at('boot', 'stall')] },
    changes: [inShell('txn', '  same_boot_only\n  trouble=$(each_file stands)', '  trouble=$(each_file stands)')],
  },
  'gate-skipped': {
    about: 'the controller confirms without the gate',
    changes: [inCode('change/steps', '  restart,\n  gate,\n  confirm,\n]', '  restart,\n  confirm,\n]')],
  },
  'journal-guesses': {
    about: 'the journal says confirmed where the answer to confirm was lost',
    focus: { scenario: 'apply', faults: [calling('confirm', 'partition')] },
    changes: [
      inCode(
        'change/steps',
        "    if (answer.error.kind !== 'aborted')",
        "    if (answer.error.kind !== 'aborted') return undefined;\n    if (answer.error.kind !== 'aborted')",
      ),
    ],
  },
  'resume-guesses': {
    about: 'resume says reverted without asking the node to revert',
    changes: [
      inCode(
        'change/recovery',
        '  const answer = await askToRevert(change, `resume',
        "  if (found.state !== 'prepared') return end(reverted(recovery, found));\n  const answer = await askToRevert(change, `resume",
      ),
    ],
  },
  'lost-answer-is-failed': {
    about: 'a lost answer to write counts as a change that was not made',
    changes: [
      inCode(
        'change/steps',
        '  if (!written.ok) return failed(change, written.error.message);\n',
        "  if (!written.ok) return { undo: 'nothing', outcome: 'failed', reason: 'lost' };\n",
      ),
    ],
  },
  'exit-0-after-revert': {
    about: 'a run that was reverted ends with exit code 0',
    changes: [
      inCode(
        'report/exit-code',
        'worstOf([stopped === undefined ? 0 : 4, hooksCode(hooks), ...hosts.map(({ outcome }) => codeOf[outcome])])',
        "worstOf([hooksCode(hooks), ...hosts.map(({ outcome }) => (outcome === 'reverted' ? 0 : codeOf[outcome]))])",
      ),
    ],
  },
} as const satisfies Readonly<Record<string, SeededBug>>;
export type Bug = keyof typeof bugs;

export const focusOf = (bug: Bug): Focus | undefined => (bugs[bug] as SeededBug).focus;
export const changesOf = (bug: Bug): readonly Change[] => bugs[bug].changes;
