/** Guided sessions against hosts on this machine: each answers as a recorded node, and none can be changed. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { main, openPlace } from '../cli/program.js';
import { goodAnswer, k3sAnswer, nodeThatAnswers } from '../hostile/node-answer.js';
import type { Listening } from '../hostile/ssh-host.js';
import { type SessionOptions, type Terminal, openSession } from './session.js';

export interface GuidedPlace {
  readonly folder: string;
  /** `workers`: how many hosts of the group. */
  inventory(workers: number): string;
  /** `args` after the inventory; the size and environment of the terminal. `verb`: instead of the guided mode. */
  open(
    workers: number,
    args?: readonly string[],
    options?: Partial<Pick<SessionOptions, 'env' | 'columns' | 'rows'>> & { readonly verb?: string },
  ): Terminal;
  /** Where no inventory is. */
  openEmpty(): Terminal;
}

/** To be called at the top of a file of tests. */
export function openGuidedPlace(): GuidedPlace {
  const place = openPlace();
  let hosts: readonly Listening[] = [];
  beforeAll(async () => {
    hosts = await Promise.all([goodAnswer, k3sAnswer].map((answer) => nodeThatAnswers(() => answer)));
  });
  afterAll(() => Promise.all(hosts.map((host) => host.stop())));
  const inventory = (workers: number): string => {
    const [kubeadm, k3s] = hosts.map(({ port }) => port);
    const host = (at: number): string => `      n${at + 1}: { address: 127.1.0.${at + 1} }\n`;
    const list = Array.from({ length: workers }, (_, at) => host(at)).join('');
    const groups = `  workers:\n    role: worker\n    hosts:\n${list}`;
    const edge = `  edge:\n    role: worker\n    hosts: { edge1: { address: 127.2.0.1, ssh: { port: ${k3s ?? 0} } } }\n`;
    return place.file(
      `inventory-${workers}.yaml`,
      `cluster: { name: lab }\nssh: { user: root, port: ${kubeadm ?? 0}, knownHostsFile: ./known_hosts }\ngroups:\n${groups}${workers > 1 ? edge : ''}`,
    );
  };
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: join(place.folder, 'home'),
    LANG: 'C.UTF-8',
    TERM: 'xterm-256color',
  };
  const { folder } = place;
  return {
    folder,
    inventory,
    open(workers, args = [], { env: more, verb, ...size } = {}) {
      const program = [process.execPath, main, ...(verb === undefined ? [] : [verb])];
      const hosts = ['-i', inventory(workers), '--host-keys', 'accept-new', '--observe', '0'];
      return openSession([...program, ...hosts, ...args], { folder, env: { ...env, ...more }, ...size });
    },
    openEmpty: () => openSession([process.execPath, main], { folder: mkdtempSync(join(folder, 'empty-')), env }),
  };
}
