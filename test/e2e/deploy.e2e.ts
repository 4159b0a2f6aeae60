/** deploy/ on a real API server: it takes the manifests, and their command line runs with their user, rights and read-only root. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Gateway } from '../../src/cluster/gateway.js';
import { openLocalGateway } from '../../src/cluster/local-gateway.js';
import type { Audit } from './results.js';
import { type Ran, openScene } from './scene.js';

const scene = openScene();
const { lab } = scene;
const project = resolve(import.meta.dirname, '../..');

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}
const read = (name: string): Manifest[] =>
  parseAllDocuments(readFileSync(join(project, 'deploy', name), 'utf8')).map((one) => one.toJS() as Manifest);
const manifests = [...read('cronjob.yaml'), ...read('configz.yaml')];
const all = [...manifests, ...read('fleet-job.yaml')];

let api: Gateway;
const isNamespace = ({ kind }: Manifest): boolean => kind === 'Namespace';

/** As the API server of the lab serves it: CronJobs are of batch/v1beta1 before 1.21, with the same fields. */
function pathOf(one: Manifest, batch: string): { readonly path: string; readonly body: Manifest } {
  const body = one.kind === 'CronJob' ? { ...one, apiVersion: batch } : one;
  const root = body.apiVersion.includes('/') ? `/apis/${body.apiVersion}` : `/api/${body.apiVersion}`;
  const { namespace } = one.metadata;
  const place = namespace === undefined ? '' : `/namespaces/${namespace}`;
  return { path: `${root}${place}/${one.kind.toLowerCase()}s`, body };
}

async function create(one: Manifest, dryRun: boolean): Promise<string> {
  const batch = (await api.get('/apis/batch/v1/cronjobs?limit=1')).ok ? 'batch/v1' : 'batch/v1beta1';
  const sent = await api.send({ method: 'POST', ...pathOf(one, batch), dryRun });
  return sent.ok ? 'ok' : sent.error.message;
}

const pod = (() => {
  const job = manifests.find(({ kind }) => kind === 'CronJob') as unknown as {
    spec: { jobTemplate: { spec: { template: { spec: PodSpec } } } };
  };
  return job.spec.jobTemplate.spec.template.spec;
})();
interface PodSpec {
  readonly securityContext: { readonly runAsUser: number; readonly runAsGroup: number; readonly fsGroup: number };
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly env: readonly { readonly name: string; readonly value: string }[];
    readonly workingDir: string;
  }[];
}

/** Where the pod has its volumes; bound over the same paths of this machine, in a mount namespace that ends with the command. */
const volumes = join(scene.folder, 'volumes');
function volume(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(volumes, path)), { recursive: true });
  writeFileSync(join(volumes, path), text, { mode });
}

/** The container's command with its user, groups, environment and folder; all of the root is read-only but a new /tmp. */
function container(args: readonly string[]): Ran {
  const [{ env, workingDir } = { env: [], workingDir: '/' }] = pod.containers;
  const { runAsUser: uid, runAsGroup: gid, fsGroup } = pod.securityContext;
  const script = `set -eu
    mkdir -p /run/kubelatch-deploy && mount -t tmpfs none /run/kubelatch-deploy && cd /run/kubelatch-deploy
    mkdir app volumes etc-kubelatch && cp -r "$1/." volumes && cp -r "$2/dist" "$2/playbooks" "$2/package.json" app
    cp -rL "$2/node_modules" app/node_modules && cp "$3" kubectl && cp "$4" node
    chmod 755 . kubectl node && chgrp -R ${fsGroup} volumes && chmod -R g+rX volumes && chmod 440 volumes/etc/kubelatch/ssh/*
    mkdir -p /etc/kubelatch /var/run/secrets/kubelatch
    mount --bind volumes/etc/kubelatch /etc/kubelatch && mount --bind volumes/var/run/secrets/kubelatch /var/run/secrets/kubelatch
    # As the Dockerfile makes it: ssh wants to know its user.
    { cat /etc/passwd && echo 'kubelatch:x:${uid}:${gid}::/tmp:/bin/sh'; } >passwd && chmod 644 passwd && mount --bind passwd /etc/passwd
    mount -t tmpfs none /tmp && chmod 1777 /tmp
    for place in / /etc/kubelatch /var/run/secrets/kubelatch /run/kubelatch-deploy; do mount -o remount,bind,ro "$place"; done
    shift 4; cd ${workingDir}
    exec setpriv --reuid ${uid} --regid ${gid} --groups ${fsGroup} --no-new-privs --bounding-set -all --inh-caps -all \\
      env -i PATH=/run/kubelatch-deploy:/usr/bin:/bin ${env.map(({ name, value }) => `${name}=${value}`).join(' ')} \\
      /run/kubelatch-deploy/node /run/kubelatch-deploy/app/dist/main.js "$@"`;
  const given = [volumes, project, lab.kubectl, process.execPath, ...args];
  const ran = spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', ...given], {
    encoding: 'utf8',
    timeout: 150_000,
  });
  return { code: ran.status ?? 137, stdout: ran.stdout, stderr: ran.stderr };
}

const [{ args } = { args: [] }] = pod.containers;
const as = (format: string): string[] => [...args.filter((one) => !one.startsWith('--output=')), `--output=${format}`];

describe.runIf(lab.kind === 'real')('deploy/', () => {
  beforeAll(async () => {
    const opened = await openLocalGateway({
      ...{ kubectl: lab.kubectl, kubeconfig: lab.kubeconfig, places: { kubeconfig: '', context: '' } },
    });
    if (!opened.ok) throw new Error(opened.error.message);
    api = opened.value;
    await lab.plant('n1');
  });
  afterAll(async () => {
    for (const one of all) {
      const { path } = pathOf(one, 'batch/v1');
      if (one.kind !== 'CronJob') await api.send({ method: 'DELETE', path: `${path}/${one.metadata.name}` });
    }
    await api.close();
  });

  it('is taken by the API server, by dry run', async () => {
    for (const one of all.filter(isNamespace)) expect(await create(one, false), one.metadata.name).toBe('ok');
    for (const one of all.filter((each) => !isNamespace(each)))
      expect(await create(one, true), `${one.kind} ${one.metadata.name}`).toBe('ok');
  });

  it('lets its command line audit a node with these rights alone, and find drift', async () => {
    const rights = manifests.filter(({ kind }) => /^(ServiceAccount|ClusterRole.*|Role.*)$/.test(kind));
    for (const one of rights.filter(({ metadata }) => metadata.name === 'kubelatch-audit'))
      expect(await create(one, false), one.kind).toBe('ok');
    const issued = await vi.waitFor(async () => {
      const path = '/api/v1/namespaces/kubelatch/serviceaccounts/kubelatch-audit/token';
      const spec = { expirationSeconds: 3600 };
      const sent = await api.send({
        method: 'POST',
        path,
        body: { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', spec },
      });
      if (!sent.ok) throw new Error(sent.error.message);
      return sent.value.body as { status: { token: string } };
    });
    volume('var/run/secrets/kubelatch/token', issued.status.token);
    const config = readFileSync(lab.kubeconfig, 'utf8');
    const ca = /certificate-authority-data: (\S+)/.exec(config)?.[1];
    const caFile = /certificate-authority: (\S+)/.exec(config)?.[1];
    volume(
      'var/run/secrets/kubelatch/ca.crt',
      ca === undefined ? readFileSync(caFile ?? '', 'utf8') : Buffer.from(ca, 'base64').toString('utf8'),
    );
    const server = /server: (\S+)/.exec(config)?.[1] ?? '';
    const files = (
      manifests.find(({ metadata }) => metadata.name === 'kubelatch-inventory') as unknown as {
        data: Record<string, string>;
      }
    ).data;
    volume(
      'etc/kubelatch/inventory/kubeconfig.yaml',
      (files['kubeconfig.yaml'] ?? '').replace('https://kubernetes.default.svc', server),
    );
    const inventory = (files['inventory.yaml'] ?? '')
      .replace('prod-eu', 'lab')
      .replace('user: audit', 'user: deploy')
      .replace('node1: { address: 192.0.2.11 }', `n1: { address: ${lab.nodes['n1']?.address ?? ''} }`);
    volume('etc/kubelatch/inventory/inventory.yaml', inventory);
    volume('etc/kubelatch/known-hosts/known_hosts', readFileSync(lab.knownHosts, 'utf8'));
    volume('etc/kubelatch/ssh/id_ed25519', readFileSync(lab.key, 'utf8'), 0o440);
    const first = container(as('json').filter((one) => !one.startsWith('--baseline=')));
    expect({ code: first.code, said: first.code === 0 ? '' : first.stderr }).toEqual({ code: 0, said: '' });
    const { hosts } = JSON.parse(first.stdout) as Audit;
    expect(hosts).toMatchObject([{ host: 'n1', nodeName: 'n1', status: 'judged' }]);
    // The right of configz.yaml is not given here.
    expect(hosts[0]?.notes.join()).toMatch(/configz could not be read through the API server: .*HTTP 403/);
    volume('etc/kubelatch/baseline/baseline.json', first.stdout);
    const same = container(args);
    expect({ code: same.code, said: same.stderr }).toEqual({ code: 0, said: expect.any(String) as string });
    expect(same.stdout).toMatch(/^No drift: \d+ unchanged$/m);

    await lab.extraArgs('n1', '--read-only-port=10256 --authorization-webhook-cache-unauthorized-ttl=30m');
    const drifted = container(args);
    expect(drifted.code).toBe(2);
    expect(drifted.stdout).toMatch(/^new +authz-cache-denied/m);
    expect(drifted.stdout).toMatch(/^changed +read-only-port/m);
    expect(drifted.stdout).toMatch(/^Drift: /m);
    const metrics = container(as('openmetrics'));
    expect(metrics.stdout).toContain('kubelatch_audit_drift{cluster="lab"} 1');
    await lab.plant('n1');
    expect(container(args).code).toBe(0);
  });
});
