/** What readOnce keeps and what it asks again. */
import { expect, it } from 'vitest';
import type { ClusterError, Gateway } from '../../src/cluster/gateway.js';
import { listAll } from '../../src/cluster/list.js';
import { readOnce } from '../../src/cluster/read-once.js';
import { type Result, fail, ok } from '../../src/lib/result.js';

type Answer = Result<unknown, ClusterError>;

function recorded(answer: (path: string, times: number) => Answer): { reading: Gateway; asked: string[] } {
  const asked: string[] = [];
  const get = (path: string): Promise<Answer> => {
    asked.push(path);
    return Promise.resolve(answer(path, asked.filter((one) => one === path).length));
  };
  const send: Gateway['send'] = ({ method, path }) => {
    asked.push(`${method} ${path}`);
    return Promise.resolve(ok({ body: {}, date: undefined }));
  };
  const kubectl = () => Promise.resolve(ok(undefined));
  return { reading: readOnce({ get, send, kubectl, close: () => Promise.resolve() }), asked };
}

it('asks for a list once, also for two that read it at the same time', async () => {
  const { reading, asked } = recorded(() => ok({ items: [1] }));
  const both = await Promise.all([listAll(reading, '/api/v1/nodes'), listAll(reading, '/api/v1/nodes')]);
  expect([...both, await listAll(reading, '/api/v1/nodes')]).toEqual([ok([1]), ok([1]), ok([1])]);
  expect(asked).toHaveLength(1);
});

it('sends each change and each review', async () => {
  const { reading, asked } = recorded(() => ok({}));
  await reading.send({ method: 'POST', path: '/a' });
  await reading.send({ method: 'POST', path: '/a' });
  expect(asked).toEqual(['POST /a', 'POST /a']);
});

it('begins a list again whose token has aged', async () => {
  const gone: Answer = fail({ kind: 'refused', status: 410, message: 'HTTP 410: expired' });
  const { reading, asked } = recorded((path, times) => {
    if (!path.includes('continue=')) return ok({ items: [times], metadata: { continue: `t${times}` } });
    return path.endsWith('t1') ? gone : ok({ items: ['last'] });
  });
  expect(await listAll(reading, '/api/v1/nodes')).toEqual(ok([2, 'last']));
  expect(asked).toHaveLength(4);
});

it('asks again after a failure', async () => {
  const { reading } = recorded((_, times) =>
    times === 1 ? fail({ kind: 'unreachable', message: 'no answer' }) : ok({ items: [] }),
  );
  expect((await listAll(reading, '/api/v1/nodes')).ok).toBe(false);
  expect((await listAll(reading, '/api/v1/nodes')).ok).toBe(true);
});

it.each(['pods', 'configmaps', 'secrets'])('keeps no %s, which fill the memory', async (plural) => {
  const { reading, asked } = recorded((_, times) => ok({ items: [times] }));
  expect(await listAll(reading, `/api/v1/${plural}`)).toEqual(ok([1]));
  expect(await listAll(reading, `/api/v1/${plural}`)).toEqual(ok([2]));
  expect(asked).toHaveLength(2);
});
