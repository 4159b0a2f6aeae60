import { describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/cluster/gateway.js';
import { listAll, listEach } from '../../src/cluster/list.js';
import { type Result, fail, ok } from '../../src/lib/result.js';

type Answer = Awaited<ReturnType<Gateway['get']>>;
function gatewayOf(answer: (path: string) => Answer): { gateway: Gateway; asked: string[] } {
  const asked: string[] = [];
  const none = (): Promise<Result<never, { kind: 'refused'; message: string }>> =>
    Promise.resolve(fail({ kind: 'refused', message: 'not here' }));
  const get = (path: string): Promise<Answer> => {
    asked.push(path);
    return Promise.resolve(answer(path));
  };
  return { gateway: { get, send: none, kubectl: none, close: () => Promise.resolve() }, asked };
}
const page = (items: unknown, next = ''): Answer => ok({ items, metadata: { continue: next } });

describe('a list', () => {
  it('is read page by page', async () => {
    const { gateway, asked } = gatewayOf((path) =>
      path.includes('continue') ? page(['c']) : page(['a', 'b'], 'to/2'),
    );
    expect(await listAll(gateway, '/api/v1/pods?x=1')).toEqual(ok(['a', 'b', 'c']));
    expect(asked).toEqual(['/api/v1/pods?x=1&limit=500', '/api/v1/pods?x=1&limit=500&continue=to%2F2']);
  });

  it('that changed between two pages is begun again, once', async () => {
    const gone = fail({ kind: 'refused' as const, status: 410, message: 'too old' });
    let left = 1;
    const { gateway } = gatewayOf((path) =>
      path.includes('continue') ? (left-- > 0 ? gone : page(['b'])) : page(['a'], 'n'),
    );
    expect(await listAll(gateway, '/api/v1/pods')).toEqual(ok(['a', 'b']));
    const { gateway: never } = gatewayOf((path) => (path.includes('continue') ? gone : page(['a'], 'n')));
    expect(await listAll(never, '/api/v1/pods')).toEqual(gone);
  });

  it('may be empty, and is nothing else than a list', async () => {
    expect(await listAll(gatewayOf(() => page(null)).gateway, '/x')).toEqual(ok([]));
    for (const body of ['text', { items: {} }, {}, null])
      expect(await listAll(gatewayOf(() => ok(body)).gateway, '/x')).toMatchObject({ error: { kind: 'malformed' } });
  });

  it('keeps what is made of each object alone', async () => {
    const { gateway } = gatewayOf((path) => (path.includes('continue') ? page([3]) : page([1, 2], 'n')));
    expect(await listEach(gateway, '/x', (one) => `n${String(one)}`)).toEqual(ok(['n1', 'n2', 'n3']));
  });

  it('that never ends is no list', async () => {
    const { gateway, asked } = gatewayOf(() => page([], 'again'));
    expect(await listAll(gateway, '/x')).toMatchObject({ error: { kind: 'malformed' } });
    expect(asked.length).toBeLessThan(5000);
  });
});
