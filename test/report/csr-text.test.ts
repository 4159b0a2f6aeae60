/** Requests on the screen, and what they are worth to a script. */
import { describe, expect, it } from 'vitest';
import type { CsrResult, JudgedRequest } from '../../src/report/csr-model.js';
import { csrCode, csrLine, csrText } from '../../src/report/csr-text.js';
import { plainStyle } from '../../src/report/style.js';

const request = (over: Partial<JudgedRequest> = {}): JudgedRequest => ({
  ...{ name: 'csr-a', username: 'system:node:n1', node: 'n1', host: 'n1', createdAt: '2026-11-29T12:00:00.000Z' },
  ...{ state: 'pending', newest: true, verdict: 'valid', reasons: [], notes: [] },
  ...over,
});
const refused = request({
  name: 'csr-b',
  node: 'n2',
  verdict: 'refused',
  reasons: [{ check: 'address-foreign', message: '192.0.2.1 is not an address of Node n2\u001b[2J' }],
});

it('are a table with reasons below; issued ones with -o wide alone', () => {
  const requests = [request(), refused, request({ name: 'csr-c', state: 'issued', verdict: 'decided' })];
  expect(csrText({ requests, kind: 'csr-list' }, { width: 90, style: plainStyle }).split('\n')).toEqual([
    'REQUEST  NODE  FILED (UTC)          STATE    VERDICT',
    'csr-a    n1    2026-11-29 12:00:00  pending  valid',
    'csr-b    n2    2026-11-29 12:00:00  pending  refused',
    '    address-foreign: 192.0.2.1 is not an address of Node n2',
    'Requests: 3 requests, 2 pending, 1 valid, 1 refused, 0 unknown',
    '',
  ]);
  expect(csrText({ requests, kind: 'csr-list' }, { width: 90, style: plainStyle, wide: true })).toContain('csr-c');
});

it('are one line each as they happen', () => {
  expect(csrLine(refused)).toBe('n2: csr-b: refused (address-foreign: 192.0.2.1 is not an address of Node n2)');
  expect(csrLine(request({ outcome: 'approved', state: 'issued' }))).toBe('n1: csr-a: approved, issued and served');
});

describe('the exit code', () => {
  const code = (kind: CsrResult['kind'], ...requests: JudgedRequest[]): number =>
    csrCode({ kind, requests } as unknown as CsrResult);
  it.each([
    [0, 'csr-list', [request(), refused]],
    [3, 'csr-list', [request({ verdict: 'unknown' })]],
    [0, 'csr-approve', [request({ outcome: 'approved' }), request({ verdict: 'older' })]],
    [1, 'csr-approve', [request({ outcome: 'approved' }), refused]],
    [1, 'csr-approve', [request({ outcome: 'not-issued' }), request({ verdict: 'unknown' })]],
    [1, 'csr-watch', [request({ outcome: 'not-served' })]],
    [3, 'csr-approve', [request({ verdict: 'unknown' })]],
    [5, 'csr-approve', [refused, request({ outcome: 'mismatch' })]],
  ] as const)('%i of %s %#', (wanted, kind, requests) => {
    expect(code(kind, ...requests)).toBe(wanted);
  });
});
