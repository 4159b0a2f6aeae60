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

/** The network is a namespace of the process alone: a run that is killed leaves nothing that the next one would find. */
const network = (pid: number, net: string, address: string): string => `
  while [ "$(readlink /proc/${pid}/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
  bridge=$(ip -o -4 addr show to ${net}.0/24 | awk '{ print $2; exit }')
  ip link add klv${pid} type veth peer name eth0 netns ${pid}
  ip link set klv${pid} master "$bridge" up
  nsenter --target ${pid} --net ip addr add ${address}/24 dev eth0
  nsenter --target ${pid} --net ip link set eth0 up`;

/** `last`: the last number of its address, on the bridge of the lab. */
export async function startScraper(lab: Lab, name: string, last: number, url: string): Promise<Scraper> {
  const net = (lab.nodes['cp1']?.address ?? '').split('.').slice(0, 3).join('.');
  const address = `${net}.${last}`;
  const child: ChildProcess = spawn('unshare', ['--net', process.execPath, '-e', program, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-200)));
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await gone;
  };
  const made = await run('bash', ['-euc', network(child.pid ?? 0, net, address)]);
  if (made.code !== 0) {
    await stop();
    throw new Error(`the network of ${name}: ${made.stderr}`);
  }
  return { address, last: () => said.trimEnd().split('\n').at(-1) ?? '', stop };
}
