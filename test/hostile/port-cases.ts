/** Hosts whose kubelet's ports answer through the connection with what no kubelet sends. */
import type { ServerChannel } from 'ssh2';
import type { HostileCase } from './hostile-case.js';
import { answerWith, goodAnswer } from './node-answer.js';
import { sshHost } from './ssh-host.js';

const clear = '\u001b[2J\u001b]0;owned\u0007';

const port = (name: string, serve: (stream: ServerChannel) => void): HostileCase => ({
  name: `has a port that ${name}`,
  start: () =>
    sshHost({
      exec: (shell) => answerWith(shell, goodAnswer),
      port: (stream) => {
        stream.resume();
        serve(stream);
      },
    }),
  ends: 'judged',
});

const pour = (stream: ServerChannel, chunk: string | Buffer): void => {
  const step = (): void => {
    if (!stream.writable) return;
    if (stream.write(chunk)) setImmediate(step);
    else stream.once('drain', step);
  };
  step();
};

const ok = 'HTTP/1.1 200 OK\r\n';
const chunked = `${ok}transfer-encoding: chunked\r\n\r\n`;

export const portCases: readonly HostileCase[] = [
  port('takes the connection and says nothing', () => undefined),
  port('hangs up at once', (stream) => void stream.end()),
  port('sends headers for ever', (stream) => {
    stream.write(ok);
    pour(stream, `x-header: ${'y'.repeat(1_000)}\r\n`.repeat(30));
  }),
  port('sends one header that never ends', (stream) => {
    stream.write(`${ok}x-header: `);
    pour(stream, 'y'.repeat(32_768));
  }),
  port('sends a status line that never ends', (stream) => {
    stream.write('HTTP/1.1 200 ');
    pour(stream, 'O'.repeat(32_768));
  }),
  port('says 100 Continue for ever', (stream) => pour(stream, 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1_000))),
  port('sends a body that never ends', (stream) => {
    stream.write(`${ok}\r\n`);
    pour(stream, 'x'.repeat(32_768));
  }),
  port('sends chunks of one byte for ever', (stream) => {
    stream.write(chunked);
    pour(stream, '1\r\nx\r\n'.repeat(5_000));
  }),
  port('sends a chunk of absurd length', (stream) => {
    stream.write(`${chunked}FFFFFFFFFFFFFFFF\r\n`);
    pour(stream, 'x'.repeat(32_768));
  }),
  port('sends chunks with endless extensions', (stream) => {
    stream.write(`${chunked}1`);
    pour(stream, `;a=${'b'.repeat(30_000)}`);
  }),
  port('sends trailers for ever', (stream) => {
    stream.write(`${chunked}1\r\nx\r\n0\r\n`);
    pour(stream, `t: ${'x'.repeat(30_000)}\r\n`);
  }),
  port('sends a byte now and then', (stream) => {
    const timer = setInterval(() => stream.write('H'), 100);
    stream.on('close', () => clearInterval(timer));
  }),
  port('answers with garbage and escape codes', (stream) => {
    stream.write(`${clear}\u0000\u00ff${clear}\r\n\r\n`);
    stream.end();
  }),
  port('answers with a status of its own making', (stream) => void stream.end(`HTTP/1.1 99999 ${clear}\r\n\r\n`)),
  port('never finishes its TLS handshake', (stream) => void stream.write(Buffer.from('160303ffff020000', 'hex'))),
  port('sends TLS records for ever', (stream) =>
    pour(stream, Buffer.concat([Buffer.from('1603034000', 'hex'), Buffer.alloc(0x4000)])),
  ),
  port(
    'switches protocols',
    (stream) => void stream.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nxxxx'),
  ),
  {
    name: 'has a node whose ports are never opened and never refused',
    start: () => sshHost({ exec: (shell) => answerWith(shell, goodAnswer), silentPorts: true }),
    ends: 'judged',
  },
];
