/** The command line of the benchmark. */
import { parseArgs } from 'node:util';
import { subjects } from './subjects.js';

export const usage = `usage: npm run bench -- [--hosts N] [--parallel N] [--rounds N] [--growth N,N...] [--only NAME]...
                       [--kind standin|real] [--report FILE] [--setup]
  --hosts N      addresses of the node that each program asks (100)   --parallel N  hosts at once (32)
  --rounds N     times that each program runs, all in turn (3)        --kind K      kubelet of the lab's node (standin)
  --growth N,N   fleets by which kubelatch's growth is measured (--hosts, and 5 times as many)
  --only NAME    run kubelatch, the floor and this peer; repeatable
  --report FILE  the page to write (docs/performance.md); - for none
  --bastion N    instead: audit N hosts behind real bastions, and write that section of the page
  --setup        install the peers from Debian, and do nothing else`;

const peers = subjects.filter(({ kind }) => kind !== 'kubelatch' && kind !== 'floor').map(({ name }) => name);

/** Addresses of 198.18.0.0/16 that the node answers on. */
const mostHosts = 50_000;

export interface Options {
  readonly hosts: number;
  readonly parallel: number;
  readonly rounds: number;
  /** Numbers of hosts, ascending. */
  readonly growth: readonly number[];
  /** Names of peers; undefined: all. */
  readonly only: readonly string[] | undefined;
  readonly kind: 'standin' | 'real';
  /** Undefined: nothing is written. */
  readonly report: string | undefined;
  /** As it was called, to repeat it. */
  readonly command: string;
}

/** Throws an Error that says what is wrong. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      hosts: { type: 'string', default: '100' },
      parallel: { type: 'string', default: '32' },
      rounds: { type: 'string', default: '3' },
      growth: { type: 'string' },
      only: { type: 'string', multiple: true },
      kind: { type: 'string', default: 'standin' },
      report: { type: 'string', default: 'docs/performance.md' },
    },
  });
  const { kind, report, only } = values;
  if (kind !== 'standin' && kind !== 'real') throw new RangeError(`--kind is standin or real, not ${kind}`);
  const stranger = only?.find((one) => !peers.includes(one));
  if (stranger !== undefined) throw new RangeError(`--only is one of ${peers.join(', ')}, not ${stranger}`);
  const hosts = whole('hosts', values.hosts, mostHosts);
  const growth = values.growth?.split(',').map((text) => whole('growth', text, mostHosts));
  return {
    hosts,
    parallel: whole('parallel', values.parallel, 1_000),
    rounds: whole('rounds', values.rounds, 100),
    growth: (growth ?? [hosts, Math.min(5 * hosts, mostHosts)]).sort((left, right) => left - right),
    only,
    kind,
    report: report === '-' ? undefined : report,
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
  };
}

function whole(name: string, text: string, most: number): number {
  const value = /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most) throw new RangeError(`--${name} is a number from 1 to ${most}, not ${text}`);
  return value;
}
