/** Lists of API objects, read page by page: a list of a large cluster is never one answer. */
import { type Result, fail, ok } from '../lib/result.js';
import { field, isRecord, textOf } from './api-object.js';
import type { ClusterError, Gateway } from './gateway.js';

/** Objects per page. */
const pageSize = 500;
/** Objects of one list; a cluster has fewer pods. */
const most = 200_000;

/** All objects below `path`, such as `/api/v1/pods`. A list that changes between two pages is begun again once. */
export async function listAll(gateway: Gateway, path: string): Promise<Result<readonly unknown[], ClusterError>> {
  const first = await pages(gateway, path);
  const isGone = !first.ok && first.error.status === 410;
  return isGone ? pages(gateway, path) : first;
}

async function pages(gateway: Gateway, path: string): Promise<Result<readonly unknown[], ClusterError>> {
  const all: unknown[] = [];
  let next = '';
  do {
    const token = next === '' ? '' : `&continue=${encodeURIComponent(next)}`;
    const page = await gateway.get(`${path}${path.includes('?') ? '&' : '?'}limit=${pageSize}${token}`);
    if (!page.ok) return page;
    const items = field(page.value, 'items');
    if (!Array.isArray(items) && !(isRecord(page.value) && items === null))
      return fail({ kind: 'malformed', message: `the API server did not return a list for ${path}` });
    all.push(...((items ?? []) as unknown[]));
    if (all.length > most) return fail({ kind: 'malformed', message: `${path} has more than ${most} objects` });
    next = textOf(field(field(page.value, 'metadata'), 'continue'));
  } while (next !== '');
  return ok(all);
}
