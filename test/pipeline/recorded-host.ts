/** One host that answers as a recorded node does; its ports cannot be asked. */
import type { Host } from '../../src/inventory/host.js';
import { ok } from '../../src/lib/result.js';
import type { Connector } from '../../src/ssh/connect.js';
import { FakeSession } from '../fake/fake-session.js';
import { probeAnswer } from '../nodes/recorded-node.js';

export function recordedHost(name: string): { readonly host: Host; readonly connector: Connector } {
  const unasked = { kind: 'timeout', message: 'no answer', hint: 'try again' } as const;
  const session = new FakeSession().onRun(() => true, probeAnswer(name)).onOpen(() => true, { error: unasked });
  const about = { name: 'n1', role: 'worker', address: '10.0.0.1', nodeName: 'node1', ssh: { jump: [] } };
  return {
    host: about as unknown as Host,
    connector: { connect: () => Promise.resolve(ok(session)) } as unknown as Connector,
  };
}
