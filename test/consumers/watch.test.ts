import { expect, it } from 'vitest';
import type { Gateway } from '../../src/cluster/gateway.js';
import { watchClients } from '../../src/consumers/watch.js';
import { fail, ok } from '../../src/lib/result.js';
import { script } from '../../src/node/scripts.js';
import { FakeSession } from '../fake/fake-session.js';

const target = { readOnly: [10255], kubelet: [10250], api: [10250], unit: 'kubelet.service' };
const sampleText = (readOnly: number, metrics: number): string =>
  `kubelet_http_requests_total{path="pods",server_type="readonly"} ${readOnly}\nkubelet_http_requests_total{path="metrics",server_type="readwrite"} ${metrics}\n`;

it('takes a sample, looks at connections, and takes another one', async () => {
  const events: string[] = [];
  const samples = [sampleText(5, 8), sampleText(7, 9)];
  const gateway = {
    get: (path: string) => {
      events.push(path);
      return Promise.resolve(ok(samples.shift()));
    },
  } as unknown as Gateway;
  const session = new FakeSession('n1').onRun(
    () => true,
    (call) => {
      events.push(call.args.join(' | '));
      return 'in 0100007F:280F 0100007F:A000\nend\n';
    },
  );
  const watched = await watchClients(session, 'n1', target, { gateway, observe: 2000, timeout: 1000 });
  const metrics = '/api/v1/nodes/n1/proxy/metrics';
  expect(events).toEqual([metrics, '10255 10250 | 4 | 0.5 | 2000', metrics]);
  expect(session.runs[0]?.script).toBe(script('connections'));
  expect(watched).toMatchObject({
    ...target,
    counters: ok([
      { server: 'readonly', path: '/pods', count: 2, total: 7 },
      { server: 'readwrite', path: '/metrics', count: 0, total: 9 },
    ]),
    connections: { ok: true, value: { incoming: [{ port: 10255 }] } },
  });
});

it.each(['', 'in x y\n', 'nonsense'])('takes no half answer for a whole one: %j', async (stdout) => {
  const gateway = { get: () => Promise.resolve(fail({ kind: 'refused', message: 'forbidden' })) } as unknown as Gateway;
  const session = new FakeSession('n1').onRun(() => true, { code: 0, stdout });
  const watched = await watchClients(session, 'n1', target, { gateway, observe: 1000, timeout: 1000 });
  expect([watched.counters, watched.connections.ok]).toEqual([fail('forbidden'), false]);
});
