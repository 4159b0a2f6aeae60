/** One node under many addresses, as each program wants to be told of it: lists of hosts, keys, settings of ssh. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Addresses for benchmarks (RFC 2544): they are nobody's. */
export const network = '198.18.0.0/16';

export interface FleetOptions {
  readonly hosts: number;
  readonly parallel: number;
  readonly user: string;
  /** Path of the private key. */
  readonly key: string;
  /** A single host that is none of the node's addresses. */
  readonly elsewhere?: { readonly address: string; readonly port: number; readonly hostKey: string } | undefined;
  /** `type base64` of the node's public key. */
  readonly hostKey: string;
  /** A script that runs the probe. */
  readonly probe: string;
}

/** Paths of the files that programs are told of, all in `folder`. */
export interface Fleet extends FleetOptions {
  readonly folder: string;
  readonly port: number;
  /** One address a line. */
  readonly list: string;
  readonly sshConfig: string;
  /** Empty: no settings of this machine count. */
  readonly ansibleConfig: string;
  readonly probeFile: string;
  readonly inventory: string;
  /** Where answers go, one file a host. */
  readonly answers: string;
}

/** Address number `at`, from 0, never ending in 0 or 255. */
export const addressOf = (at: number): string => `198.18.${Math.floor(at / 250)}.${(at % 250) + 1}`;

export function makeFleet(folder: string, options: FleetOptions): Fleet {
  const { hosts, user, key, probe, elsewhere } = options;
  const { port, hostKey } = elsewhere ?? { port: 22, hostKey: options.hostKey };
  const addresses =
    elsewhere === undefined ? Array.from({ length: hosts }, (_, at) => addressOf(at)) : [elsewhere.address];
  const write = (name: string, text: string, mode = 0o600): string => {
    writeFileSync(join(folder, name), text, { mode });
    return join(folder, name);
  };
  const answers = join(folder, 'answers');
  mkdirSync(answers, { recursive: true });
  const pattern = elsewhere === undefined ? '198.18.*' : `[${elsewhere.address}]:${port}`;
  const knownHosts = write('known_hosts', `${pattern} ${hostKey}\n`);
  const ssh = { user, port, identityFile: key, knownHostsFile: knownHosts, become: 'none' };
  const workers = { role: 'worker', hosts: Object.fromEntries(addresses.map((address) => [address, { address }])) };
  return {
    ...options,
    port,
    hostKey,
    folder,
    answers,
    list: write('hosts', addresses.map((address) => `${address}\n`).join('')),
    ansibleConfig: write('ansible.cfg', ''),
    probeFile: write('probe.sh', probe, 0o700),
    inventory: write('inventory.yaml', JSON.stringify({ cluster: { name: 'bench' }, ssh, groups: { workers } })),
    sshConfig: write(
      'ssh_config',
      [
        ...['Host *', `User ${user}`, `Port ${port}`, `IdentityFile ${key}`, 'IdentitiesOnly yes', 'BatchMode yes'],
        ...[`UserKnownHostsFile ${knownHosts}`, 'StrictHostKeyChecking yes', ''],
      ].join('\n'),
    ),
  };
}
