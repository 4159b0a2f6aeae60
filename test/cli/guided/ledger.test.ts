import { afterEach, beforeEach, expect, it } from 'vitest';
import { createLedger } from '../../../src/cli/guided/ledger.js';
import { invocation, rememberInvocation } from '../../../src/lib/next-command.js';
import type { OutcomeKind } from '../../../src/run/outcome.js';

const before = invocation();
beforeEach(() =>
  rememberInvocation({
    choices: [{ flag: '--inventory', words: ['-i', 'prod.yaml'] }],
    flagsOf: { resume: ['--inventory'], rollback: ['--inventory'] },
  }),
);
afterEach(() => rememberInvocation(before));

type Ledger = ReturnType<typeof createLedger>;
const start = (ledger: Ledger, run: string): void => ledger.onEvent({ event: 'run-started', run, hosts: 1, waves: 1 });
const end = (ledger: Ledger, host: string, outcome: OutcomeKind): void =>
  ledger.onEvent({ event: 'host-done', host, outcome });

it('nothing was changed before a run, by an audit, or where hosts were left alone', () => {
  const ledger = createLedger();
  expect(ledger.stateLines()).toEqual(['Nothing was changed.']);
  ledger.onEvent({ event: 'read', host: 'n1' });
  end(ledger, 'n1', 'refused');
  start(ledger, 'r1');
  for (const kind of ['refused', 'failed', 'unreachable', 'skipped', 'unchanged'] as const) end(ledger, kind, kind);
  expect(ledger.stateLines()).toEqual(['Nothing was changed.']);
});

it('says which hosts are changed, reverted, unknown and in progress, and the next commands', () => {
  const ledger = createLedger();
  start(ledger, 'r1');
  end(ledger, 'n1', 'confirmed');
  end(ledger, 'n2', 'confirmed');
  end(ledger, 'n3', 'reverted');
  end(ledger, 'n4', 'unknown');
  ledger.onEvent({ event: 'step', host: 'n5', step: 'gate' });
  expect(ledger.stateLines()).toEqual([
    'Changed and confirmed: n1,n2.',
    'Changed and reverted: n3.',
    'State unknown: n4.',
    'In progress (each of these nodes reverts an undecided change on its own): n5.',
    'To finish or revert the change there: kubelatch resume r1 -i prod.yaml',
    'To roll back: kubelatch rollback r1 -i prod.yaml',
  ]);
});

it('goes by the newest run of each host, and by a result more than by its events', () => {
  const ledger = createLedger();
  start(ledger, 'r1');
  end(ledger, 'n1', 'confirmed');
  ledger.onEvent({ event: 'step', host: 'n2', step: 'write' });
  ledger.onResult('r1', [
    { host: 'n1', outcome: 'confirmed' },
    { host: 'n2', outcome: 'reverted' },
  ]);
  start(ledger, 'r2');
  end(ledger, 'n2', 'confirmed');
  ledger.expect('rollback');
  start(ledger, 'r3');
  end(ledger, 'n1', 'confirmed');
  expect(ledger.stateLines()).toEqual([
    'Changed and confirmed: n2.',
    'Rolled back: n1.',
    'To roll back: kubelatch rollback r2 -i prod.yaml',
  ]);
});
