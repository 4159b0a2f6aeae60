// The lab's k3s and rke2: reads its settings as they do, lays out a joined node, and runs the lab's kubelet as they do.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { reason } from '../standin/klog.js';
import { hostAddress } from '../standin/kubelet/node-status.js';
import { copyConfigEntries, kubeletArguments, takeConfigEntries } from './arguments.js';
import { keepStaticPods, openApiServer, openBalancer, openEtcd } from './control-plane.js';
import { defaultFlags, dropInFolder, usesDropIns, writeDefaults, type KubeletNode } from './defaults.js';
import { distroNamed, layoutOf, versionOf, type Distro, type Role } from './distro.js';
import { keepContainers, layCertificates, layPrograms, liveContainers } from './join.js';
import * as log from './log.js';
import { judgeProfile } from './profile.js';
import { runAsChild, runInside } from './run-kubelet.js';
import { readSettings, type Settings } from './settings.js';

const commit = '4ef0f9ab';

function settingsOf(distro: Distro, args: readonly string[]): Settings {
  try {
    return readSettings(distro, args, process.env);
  } catch (thrown) {
    return log.fatal(reason(thrown));
  }
}

/** The flags that RKE2 takes for itself; the rest goes to its kubelet, behind three of its own. */
function childLine(line: readonly string[]): string[] {
  const own = /^--(alsologtostderr|log-file|log-file-max-size|logtostderr|stderrthreshold)=/;
  const first = [
    '--volume-plugin-dir=/var/lib/kubelet/volumeplugins',
    '--file-check-frequency=5s',
    '--sync-frequency=30s',
  ];
  return [...first, ...line.filter((word) => !own.test(word))];
}

function kubeletLine(node: KubeletNode, entries: readonly string[]): string[] {
  if (!usesDropIns(node.version)) return kubeletArguments(defaultFlags(node), entries);
  try {
    dropInFolder(node);
    const taken = takeConfigEntries(entries);
    copyConfigEntries(taken, node.layout.dropIns);
    writeDefaults(node);
    return kubeletArguments(defaultFlags(node), taken.entries);
  } catch (thrown) {
    return log.fatal(`failed to start kubelet: prepare user configuration drop-ins: ${reason(thrown)}`);
  }
}

function start(distro: Distro, role: Role, args: readonly string[]): void {
  const version = versionOf(distro);
  const settings = settingsOf(distro, args);
  const [refused] = role === 'agent' && distro.name === 'k3s' ? settings.unknown : [];
  if (refused !== undefined) log.fatal(`flag provided but not defined: -${refused}`);
  for (const key of settings.unknown) log.warning(`Unknown flag --${key} found in config.yaml, skipping`);
  const profile = judgeProfile(settings, role, distro.name === 'rke2');
  if (profile.fatal !== undefined) log.fatal(profile.fatal);
  if (profile.warning !== undefined) log.warning(profile.warning);
  log.info(`Starting ${distro.name}${role === 'agent' ? ' agent' : ''} ${version} (${commit})`);
  if (role === 'agent' && settings.one('server') === undefined) log.fatal('--server is required');

  const dataDir = settings.one('data-dir') ?? distro.dataDir;
  const layout = layoutOf(dataDir, version);
  mkdirSync(join(layout.agent, 'etc'), { recursive: true, mode: 0o755 });
  layCertificates(distro, role, layout);
  layPrograms(distro, dataDir, layout);
  if (role === 'server' && distro.name === 'k3s') {
    openEtcd();
    openApiServer();
  }
  if (role === 'server' && distro.name === 'rke2') keepStaticPods(layout.programs);
  else openBalancer(distro.apiPort[role]);
  keepContainers(layout);

  const node: KubeletNode = {
    distro,
    version,
    layout,
    name: settings.one('node-name') ?? hostname(),
    address: settings.one('node-ip') ?? hostAddress(),
    labels: settings.all('node-label'),
    protectKernel: profile.protectKernel,
    resolvConf: settings.one('resolv-conf') ?? '/etc/resolv.conf',
  };
  const line = kubeletLine(node, settings.all('kubelet-arg'));
  log.info(`Running kubelet ${line.join(' ')}`);
  const kubelet =
    distro.name === 'k3s' ? runInside(node, line) : runAsChild(node, childLine(line), join(layout.programs, 'kubelet'));
  log.info(`${distro.name}${role === 'agent' ? ' agent' : ''} is up and running`);
  // The launcher, which is the unit's main process, says READY=1. When a real one does so is not confirmed upstream.
  process.kill(process.ppid, 'SIGUSR1');
  process.on('SIGTERM', () => {
    kubelet.stop();
    process.exit(0);
  });
}

function kubectl(distro: Distro | undefined, args: readonly string[]): never {
  const env = { ...process.env };
  if (distro !== undefined && env['KUBECONFIG'] === undefined && existsSync(distro.kubeconfig))
    env['KUBECONFIG'] = distro.kubeconfig;
  const ran = spawnSync('/usr/bin/kubectl', args, { stdio: 'inherit', env });
  process.exit(ran.status ?? 1);
}

function crictl(args: readonly string[]): void {
  const ids = liveContainers();
  if (args[0] !== 'ps') process.stdout.write('crictl version 1.31.0-k3s2\n');
  else if (args.some((word) => /^-\w*q|^--quiet/.test(word))) process.stdout.write(ids.map((id) => `${id}\n`).join(''));
  else {
    process.stdout.write('CONTAINER           IMAGE               CREATED             STATE               NAME\n');
    for (const id of ids)
      process.stdout.write(
        `${id.slice(0, 13)}       pause               -                   Running             lab\n`,
      );
  }
}

function runProduct(distro: Distro, args: readonly string[]): void {
  const [verb = '', ...rest] = args;
  if (verb === 'server' || verb === 'agent') {
    process.title = 'lab-supervisor';
    start(distro, verb, rest);
  } else if (verb === '--version' || verb === '-v') {
    process.stdout.write(`${distro.name} version ${versionOf(distro)} (${commit})\ngo version go1.22.9\n`);
  } else if (verb === 'kubectl' && distro.name === 'k3s') kubectl(distro, rest);
  else if (verb === 'crictl' && distro.name === 'k3s') crictl(rest);
  else {
    process.stderr.write(`No help topic for '${verb}'\n`);
    process.exitCode = 3;
  }
}

const [program = '', ...words] = process.argv.slice(2);
const distro = distroNamed(program);
if (distro !== undefined) runProduct(distro, words);
else if (program === 'crictl') crictl(words);
else if (program === 'kubectl') kubectl(distroNamed('k3s'), words);
else if (program === 'etcd' || program === 'kube-apiserver') {
  process.title = 'lab-static-pod';
  if (program === 'etcd') openEtcd();
  else openApiServer();
} else process.exitCode = 64;
