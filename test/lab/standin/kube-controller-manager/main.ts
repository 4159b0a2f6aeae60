// The stand-in controller manager: node lifecycle and certificate requests, by asking the API server again and again.
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openKubeconfig } from '../api-client.js';
import { readFlags } from '../flag-map.js';
import { parseDuration } from '../go-duration.js';
import * as klog from '../klog.js';
import { nodeMonitor } from './nodes.js';
import { requestController } from './requests.js';

const flags = readFlags(process.argv.slice(2));
process.on('SIGTERM', () => process.exit(0));
process.on('SIGINT', () => process.exit(0));

async function repeat(period: number, work: () => Promise<void>): Promise<never> {
  for (;;) {
    try {
      await work();
    } catch (thrown) {
      klog.error('controllermanager.go:1', 'sync failed, will retry', { err: klog.reason(thrown) });
    }
    await sleep(period);
  }
}

async function run(): Promise<void> {
  let api;
  try {
    api = openKubeconfig(flags['kubeconfig'] ?? '');
  } catch (thrown) {
    klog.error('run.go:72', 'command failed', { err: klog.reason(thrown) });
    process.exit(1);
  }
  const certFile = flags['cluster-signing-cert-file'] ?? '';
  const keyFile = flags['cluster-signing-key-file'] ?? '';
  const authority = existsSync(certFile) && existsSync(keyFile) ? { certFile, keyFile } : undefined;
  if (authority === undefined) klog.warning('certificates.go:80', 'no signing key, certificate requests stay unsigned');
  const milliseconds = (flag: string, otherwise: string): number => parseDuration(flags[flag] ?? otherwise) ?? 0;
  const grace = milliseconds('node-monitor-grace-period', '40s');
  klog.info('controllermanager.go:178', 'Starting', { gracePeriodMs: grace });
  const nodes = repeat(milliseconds('node-monitor-period', '5s'), nodeMonitor(api, grace));
  await Promise.all([nodes, repeat(500, requestController(api, authority))]);
}

if (flags['version'] !== undefined) process.stdout.write(`Kubernetes ${process.env['STANDIN_VERSION'] ?? 'v1.31.4'}\n`);
else await run();
