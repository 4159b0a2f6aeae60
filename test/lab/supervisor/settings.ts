// The settings of k3s or RKE2: config.yaml, config.yaml.d in order, arguments, environment.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { isObject, type Json } from '../standin/json.js';
import type { Distro } from './distro.js';

export interface Settings {
  /** The last word of a key. */
  one(key: string): string | undefined;
  /** All words of a repeatable key. */
  all(key: string): readonly string[];
  /** undefined when it is not set at all. */
  flag(key: string): boolean | undefined;
  /** Keys that nobody knows: a server skips them, an agent of k3s does not start. */
  readonly unknown: readonly string[];
}

const switches = new Set(
  `cluster-init debug disable-agent disable-cloud-controller disable-kube-proxy disable-network-policy docker
 embedded-registry etcd-disable-snapshots etcd-expose-metrics prefer-bundled-bin protect-kernel-defaults rootless
 secrets-encryption selinux`.split(/\s+/),
);
const single = new Set(
  `advertise-address agent-token bind-address cluster-cidr cluster-dns cluster-domain cni config container-runtime-endpoint
 data-dir etcd-snapshot-retention etcd-snapshot-schedule-cron flannel-backend flannel-iface https-listen-port kubelet-path log
 node-external-ip node-ip node-name profile resolv-conf server service-cidr service-node-port-range snapshotter
 system-default-registry token token-file v with-node-id write-kubeconfig write-kubeconfig-mode`.split(/\s+/),
);
const repeatable = new Set(
  `disable etcd-arg kube-apiserver-arg kube-cloud-controller-manager-arg kube-controller-manager-arg kube-proxy-arg
 kube-scheduler-arg kubelet-arg node-label node-taint tls-san`.split(/\s+/),
);
const short: Readonly<Record<string, string>> = { c: 'config', d: 'data-dir', s: 'server', t: 'token' };

const known = (key: string): boolean => switches.has(key) || single.has(key) || repeatable.has(key);

type Words = Map<string, string[]>;

function wordsOf(value: Json): string[] {
  const items = Array.isArray(value) ? value : value === null ? [] : [value];
  return items.map((item) => (typeof item === 'object' ? JSON.stringify(item) : String(item)));
}

/** Throws with the YAML reader's words. */
function readConfig(path: string, words: Words): void {
  const document = parseDocument(readFileSync(path, 'utf8'), {
    version: '1.1',
    merge: false,
    uniqueKeys: false,
    logLevel: 'error',
  });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const line = problem.linePos?.[0].line ?? 0;
    throw new Error(`yaml: line ${line}: ${problem.message.split(/ at line |\n/)[0] ?? ''}`);
  }
  const data = document.toJS() as Json;
  if (data === null) return;
  if (!isObject(data)) throw new Error('yaml: unmarshal errors:\n  line 1: cannot unmarshal into yaml.MapSlice');
  for (const [written, value] of Object.entries(data)) {
    const key = written.replace(/\+$/, '');
    words.set(key, [...(key === written ? [] : (words.get(key) ?? [])), ...wordsOf(value)]);
  }
}

function configFiles(path: string): string[] {
  const folder = `${path}.d`;
  const more = existsSync(folder) ? readdirSync(folder).filter((name) => /\.ya?ml$/.test(name)) : [];
  return [...(existsSync(path) ? [path] : []), ...more.sort().map((name) => join(folder, name))];
}

/** Throws with the words of a command line reader. */
function readArguments(args: readonly string[]): Words {
  const words: Words = new Map();
  for (let i = 0; i < args.length; i += 1) {
    const [, dashes = '', written = '', given] = /^(--?)([^=]+)(?:=([\s\S]*))?$/.exec(args[i] ?? '') ?? [];
    const key = dashes === '-' ? (short[written] ?? written) : written;
    if (!known(key)) throw new Error(`flag provided but not defined: ${dashes}${written}`);
    let value = given ?? (switches.has(key) ? 'true' : undefined);
    if (value === undefined) value = args[(i += 1)];
    if (value === undefined) throw new Error(`flag needs an argument: ${dashes}${written}`);
    words.set(key, [...(words.get(key) ?? []), value]);
  }
  return words;
}

const fromEnvironment = ['data-dir', 'node-name', 'server', 'token', 'kubelet-path'];

/** Throws with the words of whichever part could not be read. */
export function readSettings(
  distro: Distro,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Settings {
  const given = readArguments(args);
  const named = env[distro.configVariable] || given.get('config')?.at(-1);
  if (named !== undefined && !existsSync(named)) throw new Error(`open ${named}: no such file or directory`);
  const words: Words = new Map();
  for (const file of configFiles(named ?? distro.configFile)) readConfig(file, words);
  const unknown = [...words.keys()].filter((key) => !known(key));
  // Files are turned into arguments in front of the given ones: a repeatable key keeps them all.
  for (const [key, values] of given)
    words.set(key, [...(repeatable.has(key) ? (words.get(key) ?? []) : []), ...values]);
  for (const key of fromEnvironment) {
    const value = env[`${distro.prefix}_${key === 'server' ? 'URL' : key.replaceAll('-', '_').toUpperCase()}`];
    if (value && !words.has(key)) words.set(key, [value]);
  }
  const profile = env['RKE2_CIS_PROFILE'];
  if (distro.name === 'rke2' && profile && !words.has('profile')) words.set('profile', [profile]);
  return {
    one: (key) => words.get(key)?.at(-1),
    all: (key) => words.get(key) ?? [],
    flag: (key) => {
      const value = words.get(key)?.at(-1);
      return value === undefined ? undefined : /^(1|t|true)$/i.test(value);
    },
    unknown,
  };
}
