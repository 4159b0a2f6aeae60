/** The command line of the fault matrix. */
import { parseArgs } from 'node:util';
import { allCells, type Cell } from './matrix.js';
import { realCells } from './real-cells.js';
import { matching, sampleOf } from './sample.js';

export const usage = `usage: npm run test:faults -- [--sample N] [--seed S] [--only FAULT/STEP[.MOMENT]/SHAPE]...
                               [--kind standin|real] [--lanes N] [--deadline SECONDS] [--report FILE] [--list] [--after FILE]
                               [--merge FILE]... [--real]
  --real       the 60 cells for real kubelets, of what the stand-in cannot know
  --sample N   N cells: every fault in turn, each time on another shape     --seed S    order and sample (1)
  --only P     cells that match; * or nothing stands for any                --lanes N   labs side by side (6; real: 3)
  --after F    what an earlier run left in build/faults-evidence/results.json counts; the rest is run
  --merge F    run nothing: join the results.json of partial runs of the same sources into one report; once for each file
  --report F   the report; - for none (all cells: docs/fault-matrix.md)     --list      only name the cells`;

export interface Options {
  readonly cells: readonly Cell[];
  /** They are those for real kubelets, which have a part of the page of their own. */
  readonly real: boolean;
  readonly seed: number;
  readonly kind: 'standin' | 'real';
  readonly lanes: number;
  /** Seconds. */
  readonly deadline: number;
  /** Undefined: nothing is written. */
  readonly report: string | undefined;
  /** The report was asked for by name: it is written even where cells have no result. */
  readonly reportsPart: boolean;
  readonly list: boolean;
  /** Results of an earlier run. */
  readonly after: string | undefined;
  /** Results of partial runs; where there are any, no cell is run. */
  readonly merge: readonly string[];
  /** As it was called, to repeat it. */
  readonly command: string;
}

/** Throws a RangeError that says what is wrong. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sample: { type: 'string' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', multiple: true },
      real: { type: 'boolean', default: false },
      kind: { type: 'string' },
      lanes: { type: 'string' },
      deadline: { type: 'string' },
      report: { type: 'string' },
      after: { type: 'string' },
      merge: { type: 'string', multiple: true, default: [] },
      list: { type: 'boolean', default: false },
    },
  });
  const whole = (name: string, text: string): number => {
    if (!/^[1-9]\d{0,5}$/.test(text)) throw new RangeError(`--${name} is a number from 1, not ${text}`);
    return Number(text);
  };
  const { real, only, sample } = values;
  const kind = values.kind ?? (real ? 'real' : 'standin');
  if (kind !== 'standin' && kind !== 'real') throw new RangeError(`--kind is standin or real, not ${kind}`);
  // A true cluster costs more of a machine, and a true kubelet more of its time.
  const usual = kind === 'real' ? { lanes: '3', deadline: '40' } : { lanes: '6', deadline: '20' };
  if (values.after !== undefined && values.merge.length > 0)
    throw new RangeError('--merge runs nothing: leave out --after');
  const seed = whole('seed', values.seed);
  const all = real ? realCells() : allCells();
  const wanted = only === undefined ? all : all.filter((cell) => only.some((one) => matching([cell], one).length > 0));
  if (wanted.length === 0) throw new RangeError(`no cell matches ${only?.join(' ') ?? ''}`);
  // Whatever ends a run early, every fault and shape has had its share.
  const cells = sampleOf(wanted, sample === undefined ? wanted.length : whole('sample', sample), seed);
  const isWhole = cells.length === all.length && kind === (real ? 'real' : 'standin');
  const report = values.report ?? (isWhole ? 'docs/fault-matrix.md' : '-');
  return {
    cells,
    real,
    seed,
    kind,
    lanes: whole('lanes', values.lanes ?? usual.lanes),
    deadline: whole('deadline', values.deadline ?? usual.deadline),
    report: report === '-' ? undefined : report,
    reportsPart: values.report !== undefined,
    list: values.list,
    after: values.after,
    merge: values.merge,
    command: ['npm run test:faults', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
  };
}
