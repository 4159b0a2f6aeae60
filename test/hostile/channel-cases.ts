/** Hosts that let everybody in, and misbehave in the channel of a command. */
import type { HostileCase } from './hostile-case.js';
import { answerWith, goodAnswer, ready } from './node-answer.js';
import { channelData, channelRequest, farChannel, floodBy, sendPacket, windowAdjust } from './packets.js';
import { type Shell, sshHost } from './ssh-host.js';

const clear = '\u001b[2J\u001b]0;owned\u0007';

const channel = (exec: (shell: Shell) => void) => () => sshHost({ exec });

/** Writes for ever, as fast as the channel takes it. */
const pour = (
  { socket }: Shell,
  stream: {
    write(chunk: Buffer): boolean;
    readonly writable: boolean;
    once(event: 'drain', then: () => void): unknown;
  },
  chunk: Buffer,
): void => {
  const step = (): void => {
    if (socket.destroyed || !stream.writable) return;
    if (stream.write(chunk)) setImmediate(step);
    else stream.once('drain', step);
  };
  step();
};

const every = ({ socket }: Shell, ms: number, step: () => void): void => {
  const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : step()), ms);
};

/** Past the window, which ssh2's own channel keeps to. */
const pourPackets = (shell: Shell, chunk: Buffer): void => {
  const far = farChannel(shell.channel);
  floodBy(shell.socket, () => sendPacket(shell.connection, channelData(far, chunk)));
};

export const channelCases: readonly HostileCase[] = [
  { name: 'never answers a command', start: channel(() => undefined), ends: 'unreachable', says: /longer than/ },
  {
    name: 'closes each channel at once',
    start: channel((shell) => shell.channel.close()),
    ends: 'unreachable',
    says: /without an exit status/,
  },
  {
    name: 'answers, and keeps the channel open without an exit status',
    start: channel((shell) => void shell.channel.write(ready + goodAnswer)),
    ends: 'unreachable',
    says: /longer than/,
  },
  {
    name: 'tells the exit status and keeps the channel open',
    start: channel((shell) => {
      shell.channel.write(ready + goodAnswer);
      shell.channel.exit(0);
    }),
    ends: ['judged', 'unreachable'],
  },
  {
    name: 'tells the exit status before the answer',
    start: channel((shell) => {
      shell.channel.write(ready);
      shell.channel.exit(0);
      shell.channel.write(goodAnswer);
      shell.channel.end();
    }),
    ends: 'judged',
  },
  {
    name: 'tells a thousand exit statuses',
    start: channel((shell) => {
      for (let count = 0; count < 1_000; count++) shell.channel.exit(count);
      answerWith(shell, goodAnswer);
    }),
    ends: ['judged', 'unreadable'],
  },
  {
    name: 'ends with a signal whose name has escape codes',
    start: channel((shell) => {
      shell.channel.write(ready);
      shell.channel.exit(`${clear}TERM`, false, `${clear}core`);
      shell.channel.end();
    }),
    ends: ['unreadable', 'unreachable'],
  },
  {
    name: 'prints for ever before the shell is ready',
    start: channel((shell) => pour(shell, shell.channel, Buffer.alloc(32_768, 'x'))),
    ends: 'unreadable',
    says: /more than \d+ bytes/,
  },
  {
    name: 'prints single letters for ever before the shell is ready',
    start: channel((shell) => pourPackets(shell, Buffer.from('x'))),
    ends: ['unreadable', 'unreachable'],
  },
  {
    name: 'prints for ever on stdout',
    start: channel((shell) => {
      shell.channel.write(ready);
      pour(shell, shell.channel, Buffer.alloc(32_768, 'x'));
    }),
    ends: 'unreadable',
    says: /more than \d+ bytes/,
  },
  {
    name: 'prints single letters for ever on stdout',
    start: channel((shell) => {
      shell.channel.write(ready);
      pourPackets(shell, Buffer.from('x'));
    }),
    ends: ['unreadable', 'unreachable'],
  },
  {
    name: 'prints nothing for ever, in packets of no bytes',
    start: channel((shell) => {
      shell.channel.write(ready);
      pourPackets(shell, Buffer.alloc(0));
    }),
    ends: 'unreachable',
  },
  {
    name: 'prints for ever on stderr',
    start: channel((shell) => {
      shell.channel.write(ready);
      pour(shell, shell.channel.stderr, Buffer.alloc(32_768, 'x'));
    }),
    ends: 'unreadable',
    says: /more than \d+ bytes/,
  },
  {
    name: 'pays no attention to the window',
    start: channel((shell) => {
      shell.channel.write(ready);
      pourPackets(shell, Buffer.alloc(32_000, 'x'));
    }),
    ends: ['unreadable', 'unreachable'],
  },
  {
    name: 'prints a byte every 50 ms',
    start: channel((shell) => {
      let at = 0;
      every(shell, 50, () => void shell.channel.write((ready + goodAnswer).charAt(at++)));
    }),
    ends: 'unreachable',
    says: /longer than/,
  },
  {
    name: 'never opens its window for the program',
    start: () =>
      sshHost({
        exec: (shell) => {
          shell.channel.write(ready);
          shell.channel.pause();
        },
      }),
    ends: 'unreachable',
    says: /longer than/,
  },
  {
    name: 'opens its window again and again by 4 GiB',
    start: channel((shell) => {
      const far = farChannel(shell.channel);
      floodBy(shell.socket, () => sendPacket(shell.connection, windowAdjust(far, 0xffff_ffff)));
    }),
    ends: 'unreachable',
  },
  {
    name: 'makes requests in the channel for ever',
    start: channel((shell) => {
      const far = farChannel(shell.channel);
      floodBy(shell.socket, () => sendPacket(shell.connection, channelRequest(far, 'xon-xoff')));
    }),
    ends: 'unreachable',
  },
  {
    name: 'makes requests in the channel for ever and takes no answer',
    start: channel((shell) => {
      const far = farChannel(shell.channel);
      shell.socket.pause();
      floodBy(shell.socket, () => sendPacket(shell.connection, channelRequest(far, 'keepalive@openssh.com')));
    }),
    ends: 'unreachable',
  },
  {
    name: 'sends data to channels that nobody has opened',
    start: channel((shell) => {
      let far = 1_000;
      floodBy(shell.socket, () => sendPacket(shell.connection, channelData(far++, Buffer.alloc(1_000))));
    }),
    ends: 'unreachable',
  },
  {
    name: 'hangs up in the middle of the answer',
    start: channel((shell) => {
      shell.channel.write(ready + goodAnswer.slice(0, 2_000), () => setTimeout(() => shell.socket.destroy(), 50));
    }),
    ends: 'unreachable',
  },
  {
    name: 'says why on stderr with escape codes, in every direction',
    start: channel((shell) => {
      shell.channel.write(ready);
      shell.channel.stderr.write(`${clear}no \u202eway\u2028 \u009b31m\r\n`.repeat(500));
      shell.channel.exit(3);
      shell.channel.end();
    }),
    ends: 'unreadable',
  },
];
