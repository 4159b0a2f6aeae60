import { describe, expect, it } from 'vitest';
import type { NodeTransaction } from '../../src/change/transaction.js';
import { fail, ok } from '../../src/lib/result.js';
import { backupsOf, builtUpon, undoneRun } from '../../src/pipeline/backups.js';
import type { HostTransactions } from '../../src/pipeline/node-transactions.js';
import { hostNamed } from './kept-run.js';

const change = (id: string, paths: unknown, over: Partial<NodeTransaction> = {}): NodeTransaction => ({
  id,
  state: 'confirmed',
  about: { run: id, startedAt: '2026-11-23T05:00:00.000Z', operator: 'ann@desk', paths } as NodeTransaction['about'],
  verdict: 'confirmed by ann',
  stuck: '',
  left: undefined,
  order: 0,
  bytes: undefined,
  ...over,
});
const kept = (name: string, ...transactions: NodeTransaction[]): HostTransactions => ({
  host: hostNamed(name),
  transactions: ok(transactions),
});

describe('what nodes keep', () => {
  it('is listed newest first, no matter what a node reports', () => {
    const strange = change('r2', 'no list', {
      about: { startedAt: 7, operator: {}, paths: ['/a', 3] } as unknown as NodeTransaction['about'],
    });
    expect(backupsOf([kept('n1', change('r1', ['/x']), strange)])).toEqual([
      {
        host: 'n1',
        backups: [
          { run: 'r2', state: 'confirmed', startedAt: '', operator: '', files: ['/a'], verdict: 'confirmed by ann' },
          {
            run: 'r1',
            state: 'confirmed',
            startedAt: '2026-11-23T05:00:00.000Z',
            operator: 'ann@desk',
            files: ['/x'],
            verdict: 'confirmed by ann',
          },
        ],
      },
    ]);
  });

  it('is an error where the node could not be asked, never nothing', () => {
    const error = { kind: 'refused', message: 'no', hint: 'look' } as const;
    expect(backupsOf([{ host: hostNamed('n1'), transactions: fail(error) }])).toEqual([
      { host: 'n1', error, backups: [] },
    ]);
  });
});

describe('a run that a later one built upon', () => {
  it('has to wait for the newest of those that share a file, on that host alone', () => {
    const blocked = builtUpon(
      [
        kept('n1', change('r1', ['/x', '/y']), change('r2', ['/y']), change('r3', ['/y', '/z'])),
        kept('n2', change('r1', ['/x']), change('r2', ['/z'])),
        kept('n3', change('r2', ['/x'])),
      ],
      'r1',
    );
    expect(blocked).toMatchObject([
      {
        host: 'n1',
        outcome: 'refused',
        reason: 'run r3 changed /y after run r1, so it must be rolled back first',
        hint: 'run kubelatch rollback r3 --limit n1, then run this rollback again',
      },
    ]);
  });

  it.each([
    ['an earlier one', change('r0', ['/x'])],
    ['one that was put back', change('r2', ['/x'], { state: 'reverted' })],
    ['one whose record is of no use', change('r2', undefined)],
  ])('is not built upon by %s', (_, other) => {
    expect(builtUpon([kept('n1', change('r1', ['/x']), other)], 'r1')).toEqual([]);
  });

  it('goes on with what was begun, whatever came later', () => {
    const own = change('r1', ['/x'], { state: 'reverting' });
    expect(builtUpon([kept('n1', own, change('r2', ['/x']))], 'r1')).toEqual([]);
  });
});

it('a rollback removes what the run created, and restores the rest, no matter what a node reports', () => {
  const about = (created: unknown) => ({ paths: ['/x', '/new'], created }) as unknown as NodeTransaction['about'];
  const nodes = [
    kept('n1', change('r1', [], { about: about(['/new', '/etc/passwd']) })),
    kept('n2', change('r1', [], { about: about('no list') })),
  ];
  const found = nodes.map(({ host }) => ({ host, plan: { fixes: [] } }));
  expect(undoneRun(nodes, 'r1', found).hosts).toMatchObject([
    { host: 'n1', restores: ['/x'], removes: ['/new'] },
    { host: 'n2', restores: ['/x', '/new'], removes: [] },
  ]);
});
