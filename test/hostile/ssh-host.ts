/** Hosts on loopback that speak SSH, well or badly: one port each, on every 127 address. */
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { AuthContext, Connection, ServerChannel, TcpipRequestInfo } from 'ssh2';

export interface Listening {
  readonly port: number;
  /** Passwords and other words that came over stdin before the program. */
  readonly typed: string[];
  stop(): Promise<void>;
}

export interface Shell {
  readonly command: string;
  readonly channel: ServerChannel;
  readonly connection: Connection;
  readonly socket: Socket;
  readonly typed: string[];
}

export interface Behaviour {
  /** Without it everybody may log in. */
  readonly login?: (context: AuthContext, connection: Connection, socket: Socket) => void;
  /** Right after the login. */
  readonly ready?: (connection: Connection, socket: Socket) => void;
  /** Without it the command is answered as a good node does. */
  readonly exec?: (shell: Shell) => void;
  /** A channel to a port of the node; without it nobody listens there. */
  readonly port?: (stream: ServerChannel, info: TcpipRequestInfo) => void;
  /** Sessions are neither opened nor refused. */
  readonly noSessions?: boolean;
  /** Channels to ports neither. */
  readonly silentPorts?: boolean;
}

const pair = ssh2.utils.generateKeyPairSync('ed25519');
/** Every host of this suite has the same key: the suite is not about keys. */
export const hostKey = pair.public.split(' ').slice(0, 2).join(' ');

/** A host that is handed bare TCP connections. */
export function bareHost(serve: (socket: Socket) => void, typed: string[] = []): Promise<Listening> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    serve(socket);
  });
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return new Promise((resolve) =>
    server.listen(0, '0.0.0.0', 1024, () => resolve({ port: (server.address() as AddressInfo).port, typed, stop })),
  );
}

/** A host with an SSH server of ssh2's own. */
export function sshHost(behaviour: Behaviour): Promise<Listening> {
  const typed: string[] = [];
  const sockets = new Map<Connection, Socket>();
  let arriving: Socket | undefined;
  const server = new ssh2.Server({ hostKeys: [pair.private] }, (connection) => {
    if (arriving !== undefined) sockets.set(connection, arriving);
    serveConnection(connection, behaviour, () => sockets.get(connection), typed);
    connection.on('close', () => sockets.delete(connection));
  });
  return bareHost((socket) => {
    socket.setNoDelay(true);
    arriving = socket;
    server.injectSocket(socket);
  }, typed);
}

function serveConnection(
  connection: Connection,
  { login, ready, exec, port, noSessions, silentPorts }: Behaviour,
  socketOf: () => Socket | undefined,
  typed: string[],
): void {
  const withSocket = (use: (socket: Socket) => void): void => {
    const socket = socketOf();
    if (socket !== undefined) use(socket);
  };
  connection.on('error', () => undefined);
  connection.on('authentication', (context) => {
    if (login === undefined) context.accept();
    else withSocket((socket) => login(context, connection, socket));
  });
  connection.on('ready', () => withSocket((socket) => ready?.(connection, socket)));
  connection.on('tcpip', (accept, reject, info) => {
    if (silentPorts === true) return;
    if (port === undefined) reject();
    else quiet(accept(), (stream) => port(stream, info));
  });
  connection.on('session', (accept) => {
    if (noSessions === true) return;
    accept().on('exec', (start, _refuse, { command }) =>
      quiet(start(), (channel) =>
        withSocket((socket) => (exec ?? goodShell)({ command, channel, connection, socket, typed })),
      ),
    );
  });
}

/** ssh2 gives no channel where the connection has ended meanwhile. */
function quiet(channel: ServerChannel | undefined, use: (channel: ServerChannel) => void): void {
  if (channel === undefined) return;
  channel.on('error', () => undefined);
  channel.stderr.on('error', () => undefined);
  use(channel);
}

let goodShell = ({ channel }: Shell): void => {
  channel.exit(127);
  channel.end();
};

/** What a host answers whose case says nothing of its answers. */
export function setGoodShell(shell: (shell: Shell) => void): void {
  goodShell = shell;
}
