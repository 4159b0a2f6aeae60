/** Lists of API objects, read page by page: a list of a large cluster is never one answer. */
import { monotonic } from '../lib/clock.js';
import { type Result, fail, ok } from '../lib/result.js';
import { field, isRecord, listOf, textOf } from './api-object.js';
import { type ClusterError, type Gateway, unreachable } from './gateway.js';

/** Objects per page. */
const pageSize = 500;
/** Objects of one list; a cluster has fewer pods. */
const most = 200_000;
/** Pages of one list, and milliseconds for all of it: a server may send `continue` for ever. */
const mostPages = 4000;
const listTimeout = 300_000;

/** All objects below `path`, such as `/api/v1/pods`. A list that changes between two pages is begun again once. */
export const listAll = (gateway: Gateway, path: string): Promise<Result<readonly unknown[], ClusterError>> =>
  listEach(gateway, path, (object) => object);

/** Applies `take` to each object below `path` and keeps only the results, so that one page of the list is in memory at a time. */
export async function listEach<T>(
  gateway: Gateway,
  path: string,
  take: (object: unknown) => T,
): Promise<Result<readonly T[], ClusterError>> {
  const first = await pages(gateway, path, take);
  const isGone = !first.ok && first.error.status === 410;
  return isGone ? pages(gateway, path, take) : first;
}

async function pages<T>(
  gateway: Gateway,
  path: string,
  take: (object: unknown) => T,
): Promise<Result<readonly T[], ClusterError>> {
  const all: T[] = [];
  const end = monotonic() + listTimeout;
  let next = '';
  let count = 0;
  do {
    if (monotonic() > end) return unreachable(`${path} was not read within ${listTimeout / 1000} s`);
    const token = next === '' ? '' : `&continue=${encodeURIComponent(next)}`;
    const page = await gateway.get(`${path}${path.includes('?') ? '&' : '?'}limit=${pageSize}${token}`);
    if (!page.ok) return page;
    const items = field(page.value, 'items');
    if (!Array.isArray(items) && !(isRecord(page.value) && items === null))
      return fail({ kind: 'malformed', message: `the API server did not return a list for ${path}` });
    for (const object of listOf(items)) all.push(take(object));
    if (all.length > most) return fail({ kind: 'malformed', message: `${path} has more than ${most} objects` });
    if (++count > mostPages) return fail({ kind: 'malformed', message: `${path} has more than ${mostPages} pages` });
    next = textOf(field(field(page.value, 'metadata'), 'continue'));
  } while (next !== '');
  return ok(all);
}
