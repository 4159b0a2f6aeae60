/** The kubelet's own counters of requests: which of its ports is used, and for what. Pure. */

/** Requests of one path since the kubelet started. */
export interface RequestCount {
  /** `readonly`: the read-only port; `readwrite`: the authenticated one. */
  readonly server: 'readonly' | 'readwrite';
  /** With a leading slash, as the kubelet shortens it: `/metrics/cadvisor`, `/pods`. */
  readonly path: string;
  readonly count: number;
}

/** What was counted between two samples. */
export interface RequestGrowth extends RequestCount {
  /** Requests since the kubelet started, up to the second sample. */
  readonly total: number;
}

/** Series that are read. A kubelet has a few dozen. */
const maxSeries = 2000;

const series = /^kubelet_http_requests_total\{([^}\n]{0,1000})\} ([0-9.eE+]{1,30})(?: \d+)?$/gm;
const label = (labels: string, name: string): string =>
  new RegExp(`(?:^|,)${name}="([^"\\\\]{0,200})"`).exec(labels)?.[1] ?? '';

/** Reads `kubelet_http_requests_total` from the text of /metrics (Kubernetes 1.20 to 1.36). Methods are summed up. */
export function parseRequestCounts(text: string): readonly RequestCount[] {
  const counts = new Map<string, RequestCount>();
  let read = 0;
  for (const [, labels = '', value = ''] of text.matchAll(series)) {
    if (++read > maxSeries) break;
    const server = label(labels, 'server_type');
    const count = Number(value);
    if ((server !== 'readonly' && server !== 'readwrite') || !Number.isFinite(count)) continue;
    const path = `/${label(labels, 'path').replace(/^\/+/, '')}`;
    const key = `${server} ${path}`;
    counts.set(key, { server, path, count: (counts.get(key)?.count ?? 0) + count });
  }
  return [...counts.values()];
}

/**
 * What was counted since `before`. A counter that went back was started anew with its kubelet. `own`: requests of this program in
 * between, which are taken off.
 */
export function growthOf(
  before: readonly RequestCount[],
  after: readonly RequestCount[],
  own: readonly RequestCount[] = [],
): readonly RequestGrowth[] {
  const countIn = (list: readonly RequestCount[], { server, path }: RequestCount): number =>
    list.find((one) => one.server === server && one.path === path)?.count ?? 0;
  return after.map((one) => {
    const earlier = countIn(before, one);
    const grown = (one.count < earlier ? one.count : one.count - earlier) - countIn(own, one);
    return { server: one.server, path: one.path, count: Math.max(0, grown), total: one.count };
  });
}
