import { expect, it, vi } from 'vitest';
import { openRemoteGateway } from '../../src/cluster/remote-gateway.js';
import { FakeSession } from '../fake/fake-session.js';

vi.mock(import('../../src/cluster/gateway.js'), async (original) => ({
  ...(await original()),
  startTimeout: 400 as never,
}));

it('waits for kubectl on a host no longer than it is patient, however slowly one asks', async () => {
  const session = new FakeSession('cp1')
    .onRun('', () => new Promise(() => undefined))
    .onOpen(
      () => true,
      () => new Promise(() => undefined),
    );
  const start = performance.now();
  const opened = await openRemoteGateway(session, { kubeconfigs: [], programs: ['kubectl'] });
  const message = 'kubectl proxy on cp1: no answer within 0.4 s';
  expect(opened).toEqual({ ok: false, error: { kind: 'unreachable', message } });
  expect(performance.now() - start).toBeLessThan(20_000);
  expect(session.closed).toBe(true);
});
