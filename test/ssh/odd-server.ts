/** An SSH server of ssh2's own for what a real sshd cannot be made to do: any user, any login method, a sudo of the test's making. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { delimiter } from 'node:path';
import ssh2 from 'ssh2';
import type { AuthContext, ServerChannel } from 'ssh2';

export interface OddServer {
  readonly port: number;
  readonly hostKey: string;
  /** Commands as they came over the wire. */
  readonly commands: string[];
  /** Logins that were tried: `method user`. */
  readonly logins: string[];
  stop(): Promise<void>;
}

export interface OddOptions {
  /** Path of a private host key. */
  readonly hostKeyFile: string;
  /** Decides on a login; default: everybody may. */
  readonly login?: (context: AuthContext, client: ssh2.Connection) => void;
  /** Folder put in front of PATH for commands. */
  readonly bin?: string;
  /** Takes over a command instead of the shell; false leaves it to the shell. */
  readonly exec?: (command: string, channel: ServerChannel) => boolean;
}

export async function startOddServer(options: OddOptions): Promise<OddServer> {
  const commands: string[] = [];
  const logins: string[] = [];
  const clients = new Set<ssh2.Connection>();
  const server = new ssh2.Server({ hostKeys: [readFileSync(options.hostKeyFile)] }, (client) => {
    clients.add(client);
    client.on('error', () => undefined);
    client.on('close', () => clients.delete(client));
    client.on('authentication', (context) => {
      logins.push(`${context.method} ${context.username}`);
      if (options.login === undefined) context.accept();
      else options.login(context, client);
    });
    client.on('session', (accept) => {
      accept().on('exec', (acceptExec, _reject, info) => {
        commands.push(info.command);
        const channel = acceptExec();
        if (options.exec?.(info.command, channel) !== true) runLocally(info.command, channel, options.bin);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    hostKey: readFileSync(`${options.hostKeyFile}.pub`, 'utf8').split(' ').slice(0, 2).join(' '),
    commands,
    logins,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const client of clients) client.end();
      }),
  };
}

function runLocally(command: string, channel: ServerChannel, bin: string | undefined): void {
  const path = [...(bin === undefined ? [] : [bin]), '/usr/bin', '/bin'].join(delimiter);
  const child = spawn('/bin/sh', ['-c', command], { env: { PATH: path, HOME: '/nonexistent' }, stdio: 'pipe' });
  channel.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  child.stdout.on('data', (chunk: Buffer) => channel.write(chunk));
  child.stderr.on('data', (chunk: Buffer) => channel.stderr.write(chunk));
  channel.on('close', () => child.kill('SIGKILL'));
  child.on('close', (code, signal) => {
    if (signal === null) channel.exit(code ?? 0);
    else channel.exit(signal.slice(3));
    channel.end();
  });
}
