// The stand-in kubelet: from its command line to open doors and a reporting node, or to an early end as the real one's.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { at, text, type JsonObject } from '../json.js';
import * as klog from '../klog.js';
import { tlsLimits } from '../tls-suites.js';
import { refusalToProtectKernel } from './kernel.js';
import type { ApiClient } from '../api-client.js';
import { openGate } from './authn.js';
import { clientFor } from './bootstrap.js';
import { configz, effectiveConfig, milliseconds, texts } from './config.js';
import { parseCommandLine, type CommandLine } from './flags.js';
import { hostAddress, makeReporter, nodeName, type NodeIdentity } from './node-status.js';
import { openHealthz, openReadOnly, openSecure } from './server.js';
import { keepPair, keptPair, obtain, selfSigned, type Pair } from './serving-cert.js';

const version = process.env['STANDIN_VERSION'] ?? 'v1.31.4';
const minor = Number(version.split('.')[1] ?? '31');

function die(message: string, err: string): never {
  klog.error('run.go:72', message, { err });
  process.exit(1);
}

/** Runs one stage; its failure ends the kubelet with the stage's prefix. */
async function stage<T>(prefix: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    return die('command failed', `${prefix}${klog.reason(thrown)}`);
  }
}

function clientCa(config: JsonObject): string | undefined {
  const path = text(at(config, 'authentication', 'x509', 'clientCAFile'));
  if (path === '') return undefined;
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (thrown) {
    throw new Error(`unable to load client CA file ${path}: open ${path}: no such file or directory`, {
      cause: thrown,
    });
  }
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
  } catch (thrown) {
    throw new Error(`unable to load client CA file ${path}: error parsing certificate: ${klog.reason(thrown)}`, {
      cause: thrown,
    });
  }
  if (blocks.length === 0)
    throw new Error(`unable to load client CA file ${path}: data does not contain any valid RSA or ECDSA certificates`);
  return blocks.join('\n');
}

function identify(line: CommandLine): NodeIdentity {
  const labels = (line.plain['node-labels'] ?? '').split(',').filter((pair) => pair !== '');
  return {
    name: nodeName(line.plain['hostname-override'] ?? ''),
    address: line.plain['node-ip']?.split(',')[0] ?? hostAddress(),
    labels: Object.fromEntries(labels.map((pair) => [pair.split('=')[0] ?? '', pair.split('=')[1] ?? ''])),
    version,
    cniDir: line.plain['cni-conf-dir'] ?? '/etc/cni/net.d',
  };
}

type PairSource = () => Pair | undefined;

/** The serving certificate in the way the configuration asks for; bootstrapped ones come later. */
async function servingPair(
  config: JsonObject,
  identity: NodeIdentity,
  certDir: string,
  api: ApiClient | undefined,
): Promise<PairSource> {
  if (config['serverTLSBootstrap'] === true && api !== undefined) {
    let pair = keptPair(join(certDir, 'kubelet-server-current.pem'));
    if (pair === undefined) {
      const wish = {
        signerName: 'kubernetes.io/kubelet-serving',
        usages: ['digital signature', 'server auth'],
        subject: { name: `system:node:${identity.name}`, groups: ['system:nodes'] },
        names: [identity.name, identity.address],
      };
      void obtain(api, wish).then((issued) => {
        pair = issued;
        keepPair(certDir, 'kubelet-server', issued);
      });
    }
    return () => pair;
  }
  if (text(config['tlsCertFile']) === '') {
    const { certFile, keyFile } = await selfSigned(certDir, identity.name);
    config['tlsCertFile'] = certFile;
    config['tlsPrivateKeyFile'] = keyFile;
  }
  const read = (name: string): string => {
    const path = text(config[name]);
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return die('Failed to listen and serve', `open ${path}: no such file or directory`);
    }
  };
  const pair = { cert: read('tlsCertFile'), key: read('tlsPrivateKeyFile') };
  return () => pair;
}

async function run(line: CommandLine): Promise<void> {
  const config = await stage('', () =>
    effectiveConfig(line, minor > 29 || process.env['KUBELET_CONFIG_DROPIN_DIR_ALPHA'] !== undefined),
  );
  for (const flag of line.deprecated) {
    process.stderr.write(
      `Flag --${flag} has been deprecated, This parameter should be set via the config file specified by the Kubelet's --config flag.\n`,
    );
  }
  klog.info('server.go:486', 'Kubelet version', { kubeletVersion: version });
  const identity = identify(line);
  const certDir = line.plain['cert-dir'] ?? '/var/lib/kubelet/pki';
  const dependencies = 'failed to construct kubelet dependencies: ';
  const limits = await stage(dependencies, () =>
    tlsLimits(text(config['tlsMinVersion']), texts(config, 'tlsCipherSuites')),
  );
  const ca = await stage(dependencies, () => clientCa(config));
  const failed = 'failed to run Kubelet: ';
  const bootstrap = line.plain['bootstrap-kubeconfig'] ?? line.plain['experimental-bootstrap-kubeconfig'] ?? '';
  const api = await stage(failed, () => clientFor(identity.name, line.plain['kubeconfig'] ?? '', bootstrap, certDir));
  if (api === undefined) klog.info('server.go:648', 'Standalone mode, no API client');
  const gate = await stage(failed, () => openGate(config, identity.name, api));
  const pair = await stage('failed to initialize TLS: ', () => servingPair(config, identity, certDir, api));

  const content = {
    node: identity.name,
    configz: () => configz(config),
    debugging: config['enableDebuggingHandlers'] !== false,
  };
  const address = text(config['address']);
  try {
    const healthzPort = Number(config['healthzPort']);
    if (healthzPort > 0) await openHealthz(healthzPort, text(config['healthzBindAddress']));
    if (config['enableServer'] !== false)
      await openSecure({ port: Number(config['port']), address, limits, clientCa: ca, gate, pair }, content);
    const readOnlyPort = Number(config['readOnlyPort'] ?? 0);
    if (readOnlyPort > 0) await openReadOnly(readOnlyPort, address, content);
  } catch (thrown) {
    die('Failed to listen and serve', klog.reason(thrown));
  }
  const refused = config['protectKernelDefaults'] === true ? refusalToProtectKernel() : undefined;
  if (refused !== undefined) die('Failed to start ContainerManager', refused);
  klog.info('kubelet.go:2436', 'Starting kubelet main sync loop', {
    statusEvery: milliseconds(config, 'nodeStatusUpdateFrequency'),
  });
  if (api !== undefined) await makeReporter(api, config, identity).run(new AbortController().signal);
}

function readLine(): CommandLine {
  try {
    return parseCommandLine(process.argv.slice(2), minor);
  } catch (thrown) {
    return die('command failed', klog.reason(thrown));
  }
}

process.on('SIGTERM', () => process.exit(0));
process.on('SIGINT', () => process.exit(0));
const line = readLine();
if (line.plain['help'] === 'true')
  process.stdout.write(
    'The kubelet is the primary "node agent" that runs on each node.\n\nUsage:\n  kubelet [flags]\n',
  );
else if (line.plain['version'] === 'raw') process.stdout.write(`version.Info{GitVersion:"${version}"}\n`);
else if (line.plain['version'] === 'true') process.stdout.write(`Kubernetes ${version}\n`);
else await run(line);
