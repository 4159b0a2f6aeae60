/** Hosts that misbehave before anybody is logged in, or below any channel. */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { HostileCase } from './hostile-case.js';
import {
  debugLine,
  floodBy,
  globalRequest,
  goodbye,
  ignored,
  loginBanner,
  loginRefused,
  number,
  openChannel,
  sendPacket,
} from './packets.js';
import { bareHost, sshHost } from './ssh-host.js';

const greeting = 'SSH-2.0-OpenSSH_9.2\r\n';
const clear = '\u001b[2J\u001b]0;owned\u0007';

const pourBytes = (socket: Socket, chunk: Buffer): void => floodBy(socket, () => void socket.write(chunk));

function drip(socket: Socket, bytes: string, every: number): void {
  let at = 0;
  const timer = setInterval(() => socket.write(bytes[at++ % bytes.length] ?? 'x'), every);
  socket.on('close', () => clearInterval(timer));
}

/** Bytes after a good greeting. */
const afterGreeting = (bytes: () => Buffer) => () =>
  bareHost((socket) => {
    socket.resume();
    socket.write(Buffer.concat([Buffer.from(greeting), bytes()]));
  });

const lengths: readonly (readonly [string, number])[] = [
  ['0', 0],
  ['4 GiB', 0xffff_ffff],
  ['2 GiB', 0x7fff_ffff],
  ['36,000', 36_000],
  ['13, which is no multiple of 8', 13],
];

const bare: readonly HostileCase[] = [
  {
    name: 'takes the connection and never says a word',
    start: () => bareHost((socket) => void socket.resume()),
    ends: 'unreachable',
    says: /no answer from .* within/,
  },
  { name: 'hangs up at once', start: () => bareHost((socket) => void socket.end()), ends: 'unreachable' },
  {
    name: 'resets the connection at once',
    start: () => bareHost((socket) => socket.resetAndDestroy()),
    ends: 'unreachable',
  },
  {
    name: 'greets with a line that never ends',
    start: () => bareHost((socket) => pourBytes(socket, Buffer.alloc(65_536, 'S'))),
    ends: 'unreachable',
  },
  {
    name: 'sends lines before its greeting for ever',
    start: () => bareHost((socket) => pourBytes(socket, Buffer.from('not yet\r\n'.repeat(5_000)))),
    ends: 'unreachable',
  },
  {
    name: 'greets a letter at a time, and never ends',
    start: () => bareHost((socket) => drip(socket, 'SSH-2.0-slow and slower ', 100)),
    ends: 'unreachable',
  },
  {
    name: 'greets as SSH-1',
    start: () => bareHost((socket) => void socket.write('SSH-1.5-old\r\n')),
    ends: 'unreachable',
  },
  {
    name: 'greets with escape codes',
    start: () => bareHost((socket) => void socket.end(`SSH-9-${clear}\r\n`)),
    ends: 'unreachable',
  },
  {
    name: 'hangs up after its greeting',
    start: () => bareHost((socket) => void socket.end(greeting)),
    ends: 'unreachable',
  },
  {
    name: 'goes silent after its greeting',
    start: () => bareHost((socket) => void socket.resume().write(greeting)),
    ends: 'unreachable',
    says: /no answer from .* within/,
  },
  ...lengths.map(([what, length]) => ({
    name: `sends a packet whose length is ${what}`,
    start: afterGreeting(() => Buffer.concat([number(length), Buffer.alloc(64, 4)])),
    ends: 'unreachable' as const,
  })),
  { name: 'sends random bytes for a handshake', start: afterGreeting(() => randomBytes(100_000)), ends: 'unreachable' },
  {
    name: 'pours zeros after its greeting',
    start: () =>
      bareHost((socket) => {
        socket.resume();
        socket.write(greeting);
        pourBytes(socket, Buffer.alloc(65_536));
      }),
    ends: 'unreachable',
  },
  {
    name: 'is a web server',
    start: () => bareHost((socket) => void socket.write('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n')),
    ends: 'unreachable',
  },
];

const plea = '\r\n\r\nPlease type your password here:\r\nPassword:';
/** As if it were the program's. */
const pleaLine = /(^|says: )(.*; )?Please type your password here/m;

export const loginCases: readonly HostileCase[] = [
  {
    name: 'never answers the login',
    start: () => sshHost({ login: () => undefined }),
    ends: 'unreachable',
    says: /no answer from .* within/,
  },
  {
    name: 'hangs up at the login, each time anew',
    start: () => sshHost({ login: (_context, _connection, socket) => void socket.destroy() }),
    ends: 'unreachable',
  },
  {
    name: 'hangs up just before its time is over, each time anew',
    start: () => sshHost({ login: (_context, _connection, socket) => void setTimeout(() => socket.destroy(), 3_500) }),
    ends: 'unreachable',
  },
  {
    name: 'calls every login a partial success, for ever',
    start: () =>
      sshHost({
        login: (context) => context.reject(['publickey', 'password', 'keyboard-interactive', 'hostbased'], true),
      }),
    ends: 'unreachable',
    says: /login/,
  },
  {
    name: 'refuses the login again and again without being asked',
    start: () =>
      sshHost({
        login: (_context, connection, socket) =>
          floodBy(socket, () => sendPacket(connection, loginRefused('publickey,password', true))),
      }),
    ends: 'unreachable',
  },
  {
    name: 'offers a hundred thousand ways to log in',
    start: () =>
      sshHost({
        login: (_context, connection) =>
          sendPacket(connection, loginRefused(`${'a'.repeat(20)},`.repeat(1_500) + clear, false)),
      }),
    ends: 'unreachable',
    never: /\u001b/,
  },
  {
    name: 'asks a thousand questions at once',
    start: () =>
      sshHost({
        login: (context) => {
          if (context.method !== 'keyboard-interactive') context.reject(['keyboard-interactive']);
          else
            context.prompt(
              Array.from({ length: 1_000 }, (_, at) => ({ prompt: `${clear}Code ${at}: `, echo: true })),
              `${clear}title`,
              () => context.reject(['keyboard-interactive']),
            );
        },
      }),
    ends: 'unreachable',
  },
  {
    name: 'asks for the password in a banner, and never lets anybody in',
    start: () =>
      sshHost({
        login: (context, connection) => {
          sendPacket(connection, loginBanner(`${clear}Please type your password here:\r\n`));
          context.reject(['password']);
        },
      }),
    ends: 'unreachable',
    never: /type your password here/,
  },
  {
    name: 'asks for the password on a line of its goodbye',
    start: () => sshHost({ login: (_context, connection) => sendPacket(connection, goodbye(`bye${plea}`)) }),
    ends: 'unreachable',
    never: pleaLine,
  },
  {
    name: 'asks for the password in the names of the logins that it takes',
    start: () => sshHost({ login: (context) => context.reject(['password', `x${plea}` as 'password']) }),
    ends: 'unreachable',
    never: pleaLine,
  },
  {
    name: 'shows banners at the login for ever',
    start: () =>
      sshHost({
        login: (_context, connection, socket) =>
          floodBy(socket, () => sendPacket(connection, loginBanner(clear.repeat(500)))),
      }),
    ends: 'unreachable',
  },
  {
    name: 'says goodbye with escape codes',
    start: () =>
      sshHost({ login: (_context, connection) => sendPacket(connection, goodbye(`${clear}bye\r\n\u009b31m`)) }),
    ends: 'unreachable',
  },
  {
    name: 'says goodbye in 30,000 letters',
    start: () => sshHost({ login: (_context, connection) => sendPacket(connection, goodbye('bye '.repeat(7_500))) }),
    ends: 'unreachable',
  },
  {
    name: 'sends packets to be ignored instead of an answer to the login',
    start: () =>
      sshHost({
        login: (_context, connection, socket) => floodBy(socket, () => sendPacket(connection, ignored(30_000))),
      }),
    ends: 'unreachable',
  },
];

/** Has the ssh program write lines without end. */
export const floodOfChannels: HostileCase = {
  name: 'opens channels to here for ever',
  start: () => {
    let sender = 100;
    return lasting((one) => sendPacket(one, openChannel(sender++ % 2 === 0 ? 'forwarded-tcpip' : 'x11', sender)))();
  },
  ends: 'unreachable',
};

const lasting = (step: (connection: Parameters<typeof sendPacket>[0]) => void) => () =>
  sshHost({ noSessions: true, ready: (connection, socket) => floodBy(socket, () => step(connection)) });

const connections: readonly HostileCase[] = [
  {
    name: 'lets everybody in and opens no session',
    start: () => sshHost({ noSessions: true }),
    ends: 'unreachable',
    says: /longer than/,
  },
  {
    name: 'hangs up right after the login',
    start: () => sshHost({ ready: (_connection, socket) => void socket.destroy() }),
    ends: 'unreachable',
  },
  {
    name: 'says goodbye with escape codes after the login',
    start: () => sshHost({ ready: (connection) => sendPacket(connection, goodbye(`${clear}off you go\u202e`)) }),
    ends: 'unreachable',
  },
  {
    name: 'sends packets to be ignored for ever',
    start: lasting((one) => sendPacket(one, ignored(30_000))),
    ends: 'unreachable',
  },
  {
    name: 'sends tiny packets to be ignored for ever',
    start: lasting((one) => sendPacket(one, ignored(0))),
    ends: 'unreachable',
  },
  {
    name: 'sends debug lines with escape codes for ever',
    start: lasting((one) => sendPacket(one, debugLine(clear.repeat(100)))),
    ends: 'unreachable',
  },
  {
    name: 'makes global requests for ever',
    start: lasting((one) => sendPacket(one, globalRequest(`x${'y'.repeat(200)}`))),
    ends: 'unreachable',
  },
  {
    name: 'makes global requests for ever and takes no answer',
    start: () =>
      sshHost({
        noSessions: true,
        ready: (connection, socket) => {
          socket.pause();
          floodBy(socket, () => sendPacket(connection, globalRequest('x')));
        },
      }),
    ends: 'unreachable',
  },
  floodOfChannels,
  {
    name: 'exchanges keys again and again',
    start: () =>
      sshHost({
        ready: (connection) => {
          const again = (): void => {
            try {
              connection.rekey(() => setImmediate(again));
            } catch {
              // The connection has ended.
            }
          };
          again();
        },
      }),
    ends: ['judged', 'unreachable'],
  },
  {
    name: 'exchanges keys again and again, and opens no session',
    start: () =>
      sshHost({
        noSessions: true,
        ready: (connection) => {
          const again = (): void => {
            try {
              connection.rekey(() => setImmediate(again));
            } catch {
              // The connection has ended.
            }
          };
          again();
        },
      }),
    ends: 'unreachable',
  },
  {
    name: 'sends a packet of no known type',
    start: () => sshHost({ ready: (connection) => sendPacket(connection, Buffer.of(200, 1, 2, 3)) }),
    ends: ['judged', 'unreachable'],
  },
  {
    name: 'sends a torn packet of every type',
    start: () =>
      sshHost({
        ready: (connection) => {
          for (let type = 1; type < 128; type++) sendPacket(connection, Buffer.of(type, 0, 0));
        },
      }),
    ends: 'unreachable',
  },
];

export const transportCases: readonly HostileCase[] = [...bare, ...loginCases, ...connections];
