/** Bugs that are put into the model on purpose: each must be found, or the model proves nothing. */

export const bugs = {
  'confirm-after-expiry': 'confirm does not look whether the node has decided to revert',
  'rename-before-flush': 'a new file is renamed into place before its content is flushed',
  'state-before-flush': 'a state is renamed into place before its content is flushed',
  'copies-not-flushed': 'prepare does not flush the copies of the old files',
  'armed-before-flush': 'arm answers before the units are flushed',
  'switch-removed-before-flush': 'the switch is removed before the end of the change is flushed',
  'revert-before-flush': 'a revert goes on from a state that is not flushed yet',
  'list-before-flush': 'a node reports a state that is not flushed yet',
  'written-and-running': 'write fails, and a kubelet that started meanwhile is not restarted with the old files',
  'write-before-arm': 'the controller writes before the switch is armed',
  'timer-lost-at-reload': 'there is a transient timer and no service that waits, and a daemon-reload loses the timer',
  'boot-unit-removed-too-early': 'a revert removes the switch before it has restored the files',
  'switch-left-armed': 'nothing removes the switch at the end of a change',
  'lock-not-taken': 'no process takes a lock on the node',
  'second-run-not-refused': 'a run does not look whether another one holds the node',
  'stale-nonce': 'confirm does not compare the nonce',
  'confirm-after-reboot': 'confirm does not compare the boot',
  'gate-skipped': 'the controller confirms without the gate',
  'journal-guesses': 'the journal says confirmed where the answer to confirm was lost',
  'resume-guesses': 'resume says reverted without asking the node to revert',
} as const;
export type Bug = keyof typeof bugs;

/** The world in which each is looked for; one run with faults where none is named. */
export const worlds: Readonly<Partial<Record<Bug, string>>> = {
  'revert-before-flush': 'rollback',
  'lock-not-taken': 'two-runs',
  'second-run-not-refused': 'two-runs',
};
