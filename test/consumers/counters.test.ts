import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { growthOf, parseRequestCounts } from '../../src/consumers/counters.js';

// As Kubernetes 1.20 and 1.36 print it.
const text = `# HELP kubelet_http_requests_total [ALPHA] Number of the http requests received since the server started
# TYPE kubelet_http_requests_total counter
kubelet_http_requests_total{long_running="false",method="GET",path="configz",server_type="readwrite"} 3
kubelet_http_requests_total{long_running="false",method="GET",path="metrics/cadvisor",server_type="readonly"} 1.2e+03
kubelet_http_requests_total{long_running="false",method="GET",path="pods",server_type="readonly"} 2
kubelet_http_requests_total{long_running="false",method="POST",path="pods",server_type="readonly"} 1
kubelet_http_requests_duration_seconds_count{long_running="false",method="GET",path="pods",server_type="readonly"} 99
kubelet_node_name{node="n1"} 1
`;

describe('the counters of requests', () => {
  it('are read by server and path, all methods together', () => {
    expect(parseRequestCounts(text)).toEqual([
      { server: 'readwrite', path: '/configz', count: 3 },
      { server: 'readonly', path: '/metrics/cadvisor', count: 1200 },
      { server: 'readonly', path: '/pods', count: 3 },
    ]);
  });

  it('tell what was counted in between, without the requests of this program', () => {
    const at = (metrics: number, pods: number): ReturnType<typeof parseRequestCounts> => [
      { server: 'readwrite', path: '/metrics', count: metrics },
      { server: 'readonly', path: '/pods', count: pods },
    ];
    const own = [{ server: 'readwrite', path: '/metrics', count: 1 }] as const;
    expect(growthOf(at(5, 7), at(6, 9), own).map(({ count, total }) => [count, total])).toEqual([
      [0, 6],
      [2, 9],
    ]);
    expect(growthOf([], at(1, 1), own).map(({ count }) => count)).toEqual([0, 1]);
    // Started anew with its kubelet.
    expect(growthOf(at(500, 700), at(4, 2), own).map(({ count }) => count)).toEqual([3, 2]);
  });

  it('of a kubelet that lies are numbers, or left out', () => {
    const labels = fc.constantFrom('server_type="readonly",path="pods"', 'path="a\\"b"', '', 'server_type="x"');
    const value = fc.constantFrom('1', 'NaN', '-1', '1e999', '+Inf', '', '0x10', '..');
    fc.assert(
      fc.property(fc.array(fc.tuple(labels, value, fc.string())), (lines) => {
        const all = lines.map(([label, number, tail]) => `kubelet_http_requests_total{${label}} ${number}${tail}`);
        for (const { count, path } of growthOf([], parseRequestCounts(all.join('\n')))) {
          expect(Number.isFinite(count)).toBe(true);
          expect(path).toMatch(/^\//);
        }
      }),
    );
  });

  it('are read in time that grows with the text, and no more of them than a kubelet has', () => {
    const line = (at: number): string => `kubelet_http_requests_total{server_type="readonly",path="p${at}"} 1\n`;
    const long = Array.from({ length: 50_000 }, (_, at) => line(at)).join('');
    expect(parseRequestCounts(long)).toHaveLength(2000);
    expect(parseRequestCounts(`kubelet_http_requests_total{${'a'.repeat(1_000_000)}`)).toEqual([]);
  });
});
