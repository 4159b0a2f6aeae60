/** Which answers of ports count that came before it was known which ports to ask. */
import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { askEarly } from '../../src/facts/early-ports.js';
import { type PortsToProbe, probePorts } from '../../src/facts/exposed-ports.js';
import { script } from '../../src/node/scripts.js';
import type { HostErrorKind } from '../../src/ssh/errors.js';
import { FakeSession } from '../fake/fake-session.js';

let server: Server;
beforeAll(async () => {
  server = createServer((_, response) => response.writeHead(200).end('{}')).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => void server.close());

async function stream(): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

const failure = (kind: HostErrorKind) => ({ error: { kind, message: 'no', hint: '' } });
const node: PortsToProbe = {
  ...{ kubelet: [10250], readOnly: [10255], address: undefined, addresses: [], listed: true },
  listening: [{ address: '0.0.0.0', port: 10255 }],
};

it('takes an answer and a refusal, and asks no port twice', async () => {
  const session = new FakeSession().onOpen(10255, stream).onOpen(10250, failure('refused'));
  const early = askEarly(session, 5000);
  expect(session.opened).toHaveLength(3);
  const exposed = await probePorts(session, node, 5000, early);
  expect(exposed.readOnly[0]?.listening).toMatchObject([{ answer: { kind: 'status', status: 200 } }]);
  expect(exposed.kubelet[0]?.answers.map(({ host, answer }) => [host, answer.kind])).toEqual([
    ['127.0.0.1', 'refused'],
    ['::1', 'refused'],
  ]);
  // Only the second address of the API has not been asked before.
  expect(session.opened.slice(3)).toEqual([{ host: '::1', port: 10250 }]);
});

it('asks again where the first answer is not certain', async () => {
  const session = new FakeSession().onOpen(10250, failure('refused'));
  session.onOpen(10255, failure('deadline'), 2).onOpen(10255, stream);
  const exposed = await probePorts(session, node, 5000, askEarly(session, 5000));
  expect(exposed.readOnly[0]?.listening).toMatchObject([{ answer: { kind: 'status', status: 200 } }]);
  session.verify();
});

it('runs no program on a node for a port that may not count', async () => {
  const session = new FakeSession().onOpen(() => true, failure('forward'));
  const early = askEarly(session, 5000);
  expect(await early({ scheme: 'http', host: '127.0.0.1', port: 10255, path: '/pods' })).toBeUndefined();
  expect(session.runs).toHaveLength(0);
  session.onRun((call) => call.script === script('http'), 'status 200\n');
  const exposed = await probePorts(session, node, 5000, early);
  expect(exposed.readOnly[0]?.listening).toMatchObject([{ answer: { kind: 'status', status: 200 } }]);
});

it('says nothing of other ports, and does not fail with its session', async () => {
  const early = askEarly(new FakeSession(), 5000);
  expect(await early({ scheme: 'https', host: '127.0.0.1', port: 10250, path: '/pods' })).toBeUndefined();
  expect(await early({ scheme: 'https', host: '10.0.0.1', port: 10250, path: '/pods' })).toBeUndefined();
});
