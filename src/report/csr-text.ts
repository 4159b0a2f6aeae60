/** Requests for serving certificates: as text, as JSON, and what they are worth to a script. */
import { type ResultCode, worstOf } from './exit-code.js';
import { type TextOptions, count, paragraph } from './layout.js';
import type { CsrResult, JudgedRequest } from './csr-model.js';
import type { ResultDocument } from './schema.js';
import type { Paint } from './style.js';
import { table } from './table.js';
import { line } from './words.js';

const outcomeWords: Readonly<Record<NonNullable<JudgedRequest['outcome']>, string>> = {
  approved: 'approved, issued and served',
  'not-issued': 'approved, not issued',
  'not-served': 'approved and issued, not served yet',
  mismatch: 'approved; the certificate is not the one that was asked for',
  failed: 'not approved',
};

const wordOf = ({ outcome, verdict, state }: JudgedRequest): string =>
  outcome !== undefined ? outcomeWords[outcome] : verdict === 'decided' ? state : verdict;

/** All requests with reasons below each. Ends with a line feed. */
export function csrText({ requests, kind }: Pick<CsrResult, 'requests' | 'kind'>, options: TextOptions): string {
  const width = options.wide === true ? Infinity : options.width;
  const shown =
    kind === 'csr-list' && options.wide !== true ? requests.filter(({ state }) => state !== 'issued') : requests;
  const rows = shown.map((one) => ({
    cells: [
      line(one.name),
      line(one.node ?? one.username),
      moment(one.createdAt),
      one.state,
      { text: wordOf(one), paint: paintOf(one, options) },
    ],
    below: [...one.reasons.map(({ check, message }) => `${check}: ${message}`), ...one.notes].flatMap((text) =>
      paragraph('    ', line(text, 600), width),
    ),
  }));
  const columns = [
    { header: 'REQUEST', overflow: 'keep' },
    { header: 'NODE' },
    { header: 'FILED (UTC)', overflow: 'keep' },
    { header: 'STATE', overflow: 'keep' },
    { header: 'VERDICT', overflow: 'wrap' },
  ] as const;
  return `${[...table(columns, rows, width), ...paragraph('', summaryText(requests), width)].join('\n')}\n`;
}

/** One request as it happens, in one line. */
export function csrLine(row: JudgedRequest): string {
  const why = [...row.reasons.map(({ check, message }) => `${check}: ${message}`), ...row.notes].join('; ');
  const text = `${row.node ?? row.username}: ${row.name}: ${wordOf(row)}`;
  return line(why === '' ? text : `${text} (${why})`, 600);
}

const plain: Paint = (text) => text;
function paintOf({ outcome, verdict }: JudgedRequest, { style }: TextOptions): Paint {
  if (verdict === 'refused' || outcome === 'mismatch' || outcome === 'failed' || outcome === 'not-issued')
    return style.red;
  if (verdict === 'unknown' || outcome === 'not-served') return style.yellow;
  return outcome === 'approved' || verdict === 'valid' ? style.green : plain;
}

const moment = (iso: string): string => (iso === '' ? '-' : iso.slice(0, 19).replace('T', ' '));

function summaryOf(requests: readonly JudgedRequest[]) {
  const number = (fits: (row: JudgedRequest) => boolean): number => requests.filter(fits).length;
  return {
    requests: requests.length,
    pending: number(({ state }) => state === 'pending'),
    valid: number(({ verdict, outcome }) => verdict === 'valid' && outcome === undefined),
    refused: number(({ verdict }) => verdict === 'refused'),
    unknown: number(({ verdict }) => verdict === 'unknown'),
    approved: number(({ outcome }) => outcome === 'approved'),
  };
}

function summaryText(requests: readonly JudgedRequest[]): string {
  const { pending, valid, refused, unknown, approved } = summaryOf(requests);
  const parts = [`${pending} pending`, `${valid} valid`, `${refused} refused`, `${unknown} unknown`];
  const done = approved === 0 ? '' : `, ${approved} approved`;
  return `Requests: ${count(requests.length, 'request')}, ${parts.join(', ')}${done}`;
}

export function csrTree({ cluster, startedAt, finishedAt, requests }: CsrResult) {
  return {
    cluster,
    startedAt,
    finishedAt,
    requests: requests.map(({ node, host, outcome, ...one }) => ({
      ...one,
      node: node ?? null,
      host: host ?? null,
      ...(outcome === undefined ? {} : { outcome }),
    })),
    summary: summaryOf(requests),
  } satisfies Partial<ResultDocument<'csr-list'>>;
}

const codes: Readonly<Record<NonNullable<JudgedRequest['outcome']>, ResultCode>> = {
  approved: 0,
  'not-issued': 1,
  'not-served': 1,
  failed: 1,
  // Somebody has a certificate that nobody asked for.
  mismatch: 5,
};

/** As docs/decisions/014 has it: a list is 0 with refused requests, too; what could not be checked is 3. */
export function csrCode({ kind, requests }: CsrResult): ResultCode {
  return worstOf(
    requests.map(({ verdict, outcome }) => {
      if (outcome !== undefined) return codes[outcome];
      if (verdict === 'unknown') return 3;
      return verdict === 'refused' && kind !== 'csr-list' ? 1 : 0;
    }),
  );
}
