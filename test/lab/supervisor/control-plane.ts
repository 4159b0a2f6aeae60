// A server's etcd and API server as others see them: ports that answer while they run, and no answers without a quorum.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { joined } from './distro.js';
import * as log from './log.js';

const peerPort = 2380;
/** The lab's cluster has one API server; what servers offer is the way to it. */
const apiServer = readFileSync(join(joined, 'control'), 'utf8').trim();

function members(): string[] {
  return readFileSync(join(joined, 'servers'), 'utf8').trim().split('\n');
}

function answers(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: peerPort, timeout: 800 });
    const end = (up: boolean): void => {
      socket.destroy();
      resolve(up);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}

/** More than half of the members' peer ports answer. */
async function hasQuorum(): Promise<boolean> {
  const all = members();
  const up = await Promise.all(all.map(answers));
  return up.filter(Boolean).length * 2 > all.length;
}

function listen(port: number, host: string, take: (socket: Socket) => void): void {
  const server = createServer(take);
  server.on('error', (error) => log.fatal(`listen tcp ${host}:${port}: ${error.message}`));
  server.listen(port, host);
}

function passOn(socket: Socket): void {
  const far = connect({ host: apiServer, port: 6443 });
  const end = (): void => {
    socket.destroy();
    far.destroy();
  };
  for (const one of [socket, far]) one.on('error', end).on('close', end);
  socket.pipe(far).pipe(socket);
}

/** The node's own way to the API server, as its agent keeps one. */
export function openBalancer(port: number): void {
  listen(port, '127.0.0.1', passOn);
}

/** Without a quorum a connection is still accepted, and nothing ever comes back. */
export function openApiServer(): void {
  listen(6443, '0.0.0.0', (socket) => {
    socket.on('error', () => socket.destroy());
    void hasQuorum().then((quorum) => {
      if (quorum) passOn(socket);
    });
  });
}

/** /health on 2381 without TLS: not confirmed upstream. */
export function openEtcd(): void {
  listen(peerPort, '0.0.0.0', (socket) => socket.on('error', () => socket.destroy()).end());
  const health = createHttp((request, response) => {
    if (request.url !== '/health') {
      response.writeHead(404).end('404 page not found\n');
      return;
    }
    void hasQuorum().then((quorum) => {
      response.writeHead(quorum ? 200 : 503);
      response.end(quorum ? '{"health":"true","reason":""}' : '{"health":"false","reason":"RAFT NO LEADER"}');
    });
  });
  health.on('error', (error) => log.fatal(`listen tcp 127.0.0.1:2381: ${error.message}`));
  health.listen(2381, '127.0.0.1');
}

function lives(name: string): boolean {
  try {
    const pid = readFileSync(`/run/lab/pods/${name}.pid`, 'utf8').trim();
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name;
  } catch {
    return false;
  }
}

/** RKE2's static pods: processes that the unit's restarts leave alone. */
export function keepStaticPods(programs: string): void {
  mkdirSync('/run/lab/pods', { recursive: true });
  for (const name of ['etcd', 'kube-apiserver']) {
    if (lives(name)) continue;
    const pod = spawn(join(programs, name), [], { detached: true, stdio: 'ignore' });
    pod.unref();
    writeFileSync(`/run/lab/pods/${name}.pid`, String(pod.pid));
  }
}
