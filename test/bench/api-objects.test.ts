/** The generated cluster: as many Nodes as asked for, of the size of real ones, and read by the program itself. */
import { expect, it } from 'vitest';
import { readNodes } from '../../src/cluster/nodes.js';
import { fail, ok } from '../../src/lib/result.js';
import { apiObjects, nodesPath } from './api-objects.js';

it('has Nodes of 5 to 8 KB, each with the address of its host and a Lease', async () => {
  const { lists } = apiObjects(300);
  const sizes = (lists.get(nodesPath) ?? []).map((text) => text.length);
  expect(sizes).toHaveLength(300);
  expect(Math.min(...sizes)).toBeGreaterThan(5_000);
  expect(Math.max(...sizes)).toBeLessThan(8_000);
  const none = fail({ kind: 'refused' as const, message: 'not here' });
  const view = await readNodes({
    get: (path) =>
      Promise.resolve(
        ok({ items: (lists.get(path.replace(/\?.*/, '')) ?? []).map((text) => JSON.parse(text) as unknown) }),
      ),
    send: () => Promise.resolve(none),
    kubectl: () => Promise.resolve(none),
    close: () => Promise.resolve(),
  });
  expect(view.ok && view.value.get('node-00299')).toMatchObject({
    ...{ ready: 'True', kubeletVersion: 'v1.31.4', leaseSeconds: 40 },
    addresses: ['198.18.1.50', 'node-00299'],
  });
});
