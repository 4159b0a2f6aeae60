import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detectDistro } from '../../src/distros/index.js';
import { type ExposedPorts, portsToProbe, probePorts } from '../../src/facts/exposed-ports.js';
import type { NodeFacts } from '../../src/facts/node-facts.js';
import { fail, ok } from '../../src/lib/result.js';
import { script } from '../../src/node/scripts.js';
import type { HostError } from '../../src/ssh/errors.js';
import type { Direct } from '../../src/ssh/session.js';
import { FakeSession } from '../fake/fake-session.js';
import { factsOf, processOf } from '../nodes/facts-of.js';

const unit = '/etc/systemd/system/kubelet.service';
const config = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nreadOnlyPort: 10255\n';
const away: HostError = { kind: 'timeout', message: 'no answer from 10.0.0.5:10250 within 2 s', hint: '' };

interface Node {
  /** `ADDRESS PORT` each, as the node lists them. */
  readonly listening: readonly string[];
  /** By `ADDRESS PORT`, in the words of http.sh; all others are refused. */
  readonly answers?: Readonly<Record<string, string>>;
  readonly file?: string;
  readonly configz?: Record<string, unknown>;
  readonly addresses?: readonly string[];
  readonly direct?: Direct;
}

async function ask(node: Node): Promise<{ asked: string[]; exposed: ExposedPorts }> {
  const argv = ['/usr/bin/kubelet', '--config=/c.yaml'];
  const listening = node.listening.map((one) => {
    const [address = '', port = ''] = one.split(' ');
    return { address, port: Number(port) };
  });
  const facts: NodeFacts = factsOf(
    { [unit]: `[Service]\nExecStart=${argv.join(' ')}\n`, '/c.yaml': config + (node.file ?? '') },
    {
      processes: [processOf(argv)],
      listening,
      addresses: node.addresses ?? ['127.0.0.1', '::1', '10.0.0.5', 'fd00::5'],
    },
  );
  const setup = detectDistro(facts)?.setup;
  if (setup === undefined) throw new Error('no kubelet');
  const asked: string[] = [];
  const session = new FakeSession('n1', 'deploy', node.direct);
  session.onOpen(() => true, { error: { kind: 'forward', message: 'forbidden', hint: '' } });
  session.onRun(
    (call) => call.script === script('http'),
    ({ args: [scheme = '', host = '', port = '', path = ''] }) => {
      asked.push(`${scheme} ${host} ${port} ${path}`);
      return `${node.answers?.[`${host} ${port}`] ?? 'refused'}\n`;
    },
  );
  const exposed = await probePorts(session, portsToProbe({ setup, facts, configz: node.configz }), 5000);
  session.verify();
  return { asked: asked.sort(), exposed };
}

const places = (exposed: ExposedPorts): string[] =>
  [...exposed.kubelet, ...exposed.readOnly].flatMap(({ port, listening }) =>
    listening.map(({ address, answer }) => `${address} ${port} ${'status' in answer ? answer.status : answer.kind}`),
  );

describe('from the node', () => {
  it.each<[string, Node, readonly string[], readonly string[]]>([
    [
      'what is bound to its own address is asked there, not on the loopback',
      {
        listening: ['10.0.0.5 10250', '10.0.0.5 10255'],
        answers: { '10.0.0.5 10250': 'status 200', '10.0.0.5 10255': 'status 200' },
      },
      ['http 10.0.0.5 10255 /pods', 'https 10.0.0.5 10250 /pods'],
      ['10.0.0.5 10250 200', '10.0.0.5 10255 200'],
    ],
    [
      'what is bound to every address is asked on the loopback',
      {
        listening: [':: 10250', '0.0.0.0 10255'],
        answers: { '127.0.0.1 10250': 'status 401', '127.0.0.1 10255': 'status 200' },
      },
      ['http 127.0.0.1 10255 /pods', 'https 127.0.0.1 10250 /pods'],
      [':: 10250 401', '0.0.0.0 10255 200'],
    ],
    [
      'what is bound to every address of IPv6 alone is asked on its loopback',
      { listening: [':: 10250'], answers: { '::1 10250': 'status 401' } },
      ['http 127.0.0.1 10255 /pods', 'http ::1 10255 /pods', 'https 127.0.0.1 10250 /pods', 'https ::1 10250 /pods'],
      [':: 10250 401'],
    ],
    [
      'each of several addresses is asked',
      {
        listening: ['127.0.0.1 10250', '10.0.0.5 10250', 'fd00::5 10250', '10.0.0.5 22'],
        answers: { '127.0.0.1 10250': 'status 401', '10.0.0.5 10250': 'status 200', 'fd00::5 10250': 'broken' },
      },
      [
        ...['http 127.0.0.1 10255 /pods', 'http ::1 10255 /pods'],
        ...['https 10.0.0.5 10250 /pods', 'https 127.0.0.1 10250 /pods', 'https fd00::5 10250 /pods'],
      ],
      ['127.0.0.1 10250 401', '10.0.0.5 10250 200', 'fd00::5 10250 broken'],
    ],
    [
      'the ports of the files and of the running kubelet are asked',
      {
        listening: ['127.0.0.1 10350', '127.0.0.1 10300'],
        file: 'port: 10250\n',
        configz: { port: 10350, readOnlyPort: 10300 },
        answers: { '127.0.0.1 10350': 'status 401', '127.0.0.1 10300': 'status 200' },
      },
      [
        ...['http 127.0.0.1 10255 /pods', 'http 127.0.0.1 10300 /pods', 'http ::1 10255 /pods'],
        ...['https 127.0.0.1 10250 /pods', 'https 127.0.0.1 10350 /pods', 'https ::1 10250 /pods'],
      ],
      ['127.0.0.1 10350 401', '127.0.0.1 10300 200'],
    ],
    [
      'where nobody listens, the address of the files is asked too',
      { listening: ['0.0.0.0 22'], file: 'address: 10.0.0.5\n' },
      [
        ...['http 10.0.0.5 10255 /pods', 'http 127.0.0.1 10255 /pods', 'http ::1 10255 /pods'],
        ...['https 10.0.0.5 10250 /pods', 'https 127.0.0.1 10250 /pods', 'https ::1 10250 /pods'],
      ],
      [],
    ],
    [
      'no machine but the node is asked, whatever it lists',
      { listening: ['10.9.9.9 10250', '10.9.9.9 10255'], file: 'address: 10.8.8.8\n' },
      [],
      ['10.9.9.9 10250 unknown', '10.9.9.9 10255 unknown'],
    ],
  ])('%s', async (_, node, asked, listening) => {
    const result = await ask(node);
    expect(result.asked).toEqual([...asked].sort());
    expect(places(result.exposed)).toEqual(listening);
    expect(result.exposed.listed).toBe(true);
  });

  it('a number of addresses is asked that a node cannot make as large as it likes', async () => {
    const listening = Array.from({ length: 1000 }, (_, index) => `127.0.${index >> 8}.${index & 255} 10250`);
    const { asked, exposed } = await ask({ listening });
    expect(asked.filter((one) => one.startsWith('https'))).toHaveLength(16);
    expect(exposed.kubelet[0]?.listening).toHaveLength(1000);
    expect(exposed.kubelet[0]?.listening.at(-1)?.answer.kind).toBe('unknown');
  });

  it('reports that the node lists no listener at all', async () => {
    expect((await ask({ listening: [] })).exposed.listed).toBe(false);
  });
});

describe('from here', () => {
  let server: Server;
  let port: number;
  beforeAll(async () => {
    server = createServer((_, response) => response.writeHead(200).end('{}')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  afterAll(async () => {
    server.close();
    await once(server, 'close');
  });
  /** A way to the node on which its read-only port answers and its API does not. */
  const wayTo = (address: string, dialled: number[] = []): Direct => ({
    address,
    open(wanted) {
      dialled.push(wanted);
      if (wanted !== 10255) return Promise.resolve(fail(away));
      const socket = connect({ host: '127.0.0.1', port });
      return new Promise((resolve) => socket.once('connect', () => resolve(ok(socket))));
    },
  });
  const open = {
    listening: [':: 10250', ':: 10255'],
    answers: { '127.0.0.1 10250': 'status 401', '10.0.0.5 10250': 'status 401' },
  };

  it('is asked where it can be, and its own address on the node itself too', async () => {
    const dialled: number[] = [];
    const { asked, exposed } = await ask({ ...open, direct: wayTo('10.0.0.5', dialled) });
    expect(dialled.sort()).toEqual([10250, 10255]);
    expect(asked).toContain('https 10.0.0.5 10250 /pods');
    const here = [...exposed.kubelet, ...exposed.readOnly].flatMap(({ answers }) =>
      answers.filter(({ from }) => from === 'here'),
    );
    expect(here).toMatchObject([
      { port: 10250, host: '10.0.0.5', answer: { kind: 'unknown', reason: away.message } },
      { port: 10255, host: '10.0.0.5', answer: { kind: 'status', status: 200 } },
    ]);
  });

  it.each<[string, string, Partial<Node>]>([
    ['an address that is not the node’s, as behind NAT', '203.0.113.9', {}],
    ['this machine itself, as behind a forwarded port', '127.0.0.1', {}],
    ['an address on which nobody listens', '10.0.0.5', { listening: ['127.0.0.1 10250', 'fd00::5 10255'] }],
    ['a node that does not tell its addresses', '10.0.0.5', { addresses: [] }],
  ])('is not asked: %s', async (_, address, over) => {
    const dialled: number[] = [];
    await ask({ ...open, ...over, direct: wayTo(address, dialled) });
    expect(dialled).toEqual([]);
  });
});
