/** docs/images/*.svg show what the built program prints now. After a change of a screen: npm run build && npm run pictures. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { drawTerminal } from '../docs/terminal-picture.js';
import { nodeThatAnswers } from '../hostile/node-answer.js';
import { type Listening, hostKey } from '../hostile/ssh-host.js';
import { probeAnswer } from '../nodes/recorded-node.js';
import { project } from '../source-file.js';
import { closedPort, openPlace } from './program.js';
import { type Screen, type ScreenHost, screens } from './screens.js';

const place = openPlace();
// What apply wrote on the lab's nodes (KUBELATCH_DEMO_KEEP=FILE npm run demo). One does not start with any other settings.
place.file('apply.json', readFileSync(join(import.meta.dirname, 'recorded-apply.json'), 'utf8'));

/** The key of a host that was installed again: well-formed, and not the one that it shows. */
const parts = [Buffer.from([0, 0, 0, 11]), Buffer.from('ssh-ed25519'), Buffer.from([0, 0, 0, 32]), Buffer.alloc(32, 7)];
const oldKey = Buffer.concat(parts);
const oldPrint = `SHA256:${createHash('sha256').update(oldKey).digest('base64').replace(/=+$/, '')}`;

function answerOf(host: Exclude<ScreenHost, 'nothing-listens'>): string {
  if (host === 'logs-in') return 'login 0 root\n';
  return probeAnswer(host === 'other-key' ? 'kubeadm-weak' : host.recorded);
}

type Ports = ReadonlyMap<string, number>;

/** Starts the hosts, writes the inventory for them, and hands their ports on to `use`. */
async function withHosts<T>(hosts: Screen['hosts'], use: (ports: Ports) => Promise<T>): Promise<T> {
  const started: Listening[] = [];
  const ports = new Map<string, number>();
  try {
    for (const [name, host] of Object.entries(hosts)) {
      if (host === 'nothing-listens') ports.set(name, await closedPort());
      else {
        const listening = await nodeThatAnswers(() => answerOf(host));
        started.push(listening);
        ports.set(name, listening.port);
      }
    }
    writeInventory(hosts, ports);
    return await use(ports);
  } finally {
    for (const one of started) await one.stop();
  }
}

function writeInventory(hosts: Screen['hosts'], ports: Ports): void {
  const entries = [...ports].map(
    ([name, port]) => [name, { address: '127.0.0.1', nodeName: name, ssh: { port } }] as const,
  );
  const inventory = {
    cluster: { name: 'prod-eu' },
    ssh: { user: 'root', knownHostsFile: './known_hosts' },
    groups: { workers: { role: 'worker', hosts: Object.fromEntries(entries) } },
  };
  place.file('inventory.yaml', JSON.stringify(inventory));
  const known = [...ports].map(([name, port]) => {
    const key = hosts[name] === 'other-key' ? `ssh-ed25519 ${oldKey.toString('base64')}` : hostKey;
    return `[127.0.0.1]:${port} ${key}\n`;
  });
  place.file('known_hosts', known.join(''));
}

/** Ports, keys, folders and times differ in every run: they look here as they would on a reader's machine. */
function settled(text: string, ports: Ports): string {
  let shown = text
    .replaceAll(place.folder, '~')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, '2026-11-23 05:01:04 UTC');
  for (const [at, port] of [...ports.values()].entries()) {
    const address = `10.0.0.${11 + at}`;
    shown = shown.replaceAll(`[127.0.0.1]:${port}`, address).replaceAll(`127.0.0.1:${port}`, `${address}:22`);
  }
  return shown.replace(/SHA256:[\w+/]{43}/g, (found) =>
    found === oldPrint ? 'SHA256:gNSIRW+2Iyi…' : 'SHA256:wLtkX0yPq3V…',
  );
}

async function pictureOf({ title, args, hosts, first, code = 0 }: Screen): Promise<string> {
  if (first !== undefined) {
    const before = await withHosts(first.hosts, () => place.kubelatch([...first.args, '--no-input']));
    expect(before).toMatchObject({ code: 0 });
  }
  const quiet = Object.keys(hosts).length === 0 ? [] : ['--no-input'];
  return withHosts(hosts, async (ports) => {
    const ran = await place.kubelatch([...args, '--color=always', ...quiet]);
    expect({ code: ran.code, stderr: ran.stderr }).toMatchObject({ code });
    const lines = settled(ran.stdout, ports).trimEnd().split('\n');
    return drawTerminal([`$ \u001b[1mkubelatch ${args.join(' ')}\u001b[22m`, ...lines], title);
  });
}

it.each(screens.map((screen) => [screen.name, screen] as const))('%s', async (name, screen) => {
  const path = join(project, 'docs', 'images', `${name}.svg`);
  const picture = await pictureOf(screen);
  if (process.env['KUBELATCH_PICTURES'] === 'draw') writeFileSync(path, picture);
  expect(picture).toBe(readFileSync(path, 'utf8'));
});
