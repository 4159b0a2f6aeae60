/** A client of kubelets with an address of its own on the lab's network, as a pod has one. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Lab } from '../lab/lab.js';
import { run } from '../lab/node-access.js';

export interface Scraper {
  readonly address: string;
  /** The status of its last answer, or why it got none. */
  last(): string;
  stop(): Promise<void>;
}

// Keeps its connection, as Prometheus does, and says what came of each request.
const program = `
const [url] = process.argv.slice(1);
const lib = require(url.startsWith('https') ? 'https' : 'http');
const agent = new lib.Agent({ keepAlive: true, rejectUnauthorized: false });
const ask = () => {
  lib.get(url, { agent }, (response) => {
    console.log(response.statusCode);
    response.resume().on('end', () => setTimeout(ask, 300));
  }).on('error', (error) => { console.log(error.code); setTimeout(ask, 300); });
};
ask();`;

/** `last`: the last number of its address. Its network is a namespace of its own, on the bridge of the lab. */
export async function startScraper(lab: Lab, name: string, last: number, url: string): Promise<Scraper> {
  const net = (lab.nodes['cp1']?.address ?? '').split('.').slice(0, 3).join('.');
  const address = `${net}.${last}`;
  const [space, outer] = [`kl-${name}`, `klv-${name}`];
  const made = await run('bash', [
    '-euc',
    `
    bridge=$(ip -o -4 addr show to ${net}.0/24 | awk '{ print $2; exit }')
    ip netns add ${space}
    ip link add ${outer} type veth peer name eth0 netns ${space}
    ip link set ${outer} master "$bridge" up
    ip -n ${space} addr add ${address}/24 dev eth0
    ip -n ${space} link set eth0 up`,
  ]);
  if (made.code !== 0) throw new Error(`the network of ${name}: ${made.stderr}`);
  const child: ChildProcess = spawn('ip', ['netns', 'exec', space, process.execPath, '-e', program, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-200)));
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    address,
    last: () => said.trimEnd().split('\n').at(-1) ?? '',
    async stop() {
      child.kill('SIGKILL');
      await gone;
      await run('ip', ['netns', 'delete', space]);
    },
  };
}
