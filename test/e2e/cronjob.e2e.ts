/** deploy/ as its README says, on a real kubelet with containerd: Jobs made of the CronJob audit the lab, and end as they should. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bringImages, cronJobImage } from '../lab/images.js';
import { bindPod, openPodNetwork } from './pod-network.js';
import type { Audit } from './results.js';
import { openScene, plantAll } from './scene.js';

const scene = openScene();
const { lab } = scene;
const nodes = Object.keys(lab.nodes).sort();
const deploy = resolve(import.meta.dirname, '../../deploy');
const space = 'kubelatch';

const kubectl = (args: readonly string[], input = ''): string =>
  execFileSync(lab.kubectl, ['--kubeconfig', lab.kubeconfig, ...args], {
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    maxBuffer: 2 ** 25,
  });
const inSpace = (...args: readonly string[]): string => kubectl(['-n', space, ...args]);

/** The manifest with an inventory of the lab. An API server before 1.21 has CronJobs of the same fields in v1beta1. */
function manifest(): string {
  const text = readFileSync(join(deploy, 'cronjob.yaml'), 'utf8');
  const hosts = nodes.map((name) => `          ${name}: { address: ${lab.nodes[name]?.address ?? ''} }`);
  const filled = text
    .replace('name: prod-eu', 'name: lab')
    .replace('user: audit\n      identityFile', 'user: deploy\n      identityFile')
    .replace(/^ {10}node1: .*$/m, hosts.join('\n'));
  const { minor } = JSON.parse(kubectl(['get', '--raw', '/version'])) as { minor: string };
  return parseInt(minor, 10) < 21 ? filled.replace('apiVersion: batch/v1\n', 'apiVersion: batch/v1beta1\n') : filled;
}

interface Container {
  command?: string[];
  args: string[];
}
interface Job {
  readonly spec: { readonly template: { readonly spec: { readonly containers: [Container] } } };
}
interface Pod {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly phase: string;
    readonly containerStatuses?: readonly { readonly state: { readonly terminated?: { readonly exitCode: number } } }[];
  };
}

/** Runs a Job of the CronJob to its end on n1; with `edit`, other words than its own. */
async function run(name: string, edit?: (container: Container) => void): Promise<{ code: number; log: string }> {
  if (edit === undefined) inSpace('create', 'job', '--from=cronjob/kubelatch-audit', name);
  else {
    const job = JSON.parse(
      inSpace('create', 'job', '--from=cronjob/kubelatch-audit', name, '--dry-run=client', '-o', 'json'),
    ) as Job;
    edit(job.spec.template.spec.containers[0]);
    kubectl(['create', '-n', space, '-f', '-'], JSON.stringify(job));
  }
  const find = (): Pod | undefined =>
    (JSON.parse(inSpace('get', 'pods', '-l', `job-name=${name}`, '-o', 'json')) as { items: Pod[] }).items[0];
  const until = async (isDone: (pod: Pod | undefined) => boolean): Promise<Pod> => {
    for (let looks = 0; looks < 180; looks += 1) {
      const pod = find();
      if (isDone(pod) && pod !== undefined) return pod;
      await sleep(500);
    }
    return expect.fail(`${name}: ${inSpace('describe', 'pods', '-l', `job-name=${name}`)}`);
  };
  const pod = await until((one) => one !== undefined);
  await bindPod(lab, space, pod.metadata.name, 'n1');
  const ended = await until((one) => /Succeeded|Failed/.test(one?.status.phase ?? ''));
  const code = ended.status.containerStatuses?.[0]?.state.terminated?.exitCode ?? -1;
  return { code, log: inSpace('logs', `job/${name}`) };
}

/** What `kubectl apply` keeps of an object beside it has no room for a large baseline. */
function makeBaseline(verb: 'create' | 'replace', text: string): void {
  const from = `--from-file=baseline.json=${scene.file('baseline.json', text)}`;
  const secret = inSpace('create', 'secret', 'generic', 'kubelatch-baseline', from, '--dry-run=client', '-o', 'yaml');
  kubectl([verb, '-f', '-'], secret);
}

describe.runIf(lab.kind === 'real')('the CronJob', () => {
  openPodNetwork(lab, ['n1']);
  beforeAll(async () => {
    await plantAll(lab, nodes);
    await bringImages(lab, ['n1'], [cronJobImage(lab.kubectl)]);
    kubectl(['apply', '-f', '-'], manifest());
    inSpace('create', 'secret', 'generic', 'kubelatch-ssh', `--from-file=id_ed25519=${lab.key}`);
    const known = ['create', 'configmap', 'kubelatch-known-hosts', `--from-file=known_hosts=${lab.knownHosts}`];
    kubectl(['apply', '-f', '-'], inSpace(...known, '--dry-run=client', '-o', 'yaml'));
    makeBaseline('create', '{}');
  });
  afterAll(async () => {
    kubectl(['delete', '-f', '-', '--ignore-not-found', '--timeout=60s'], manifest());
    await plantAll(lab, nodes);
  });

  it('has its container run as the user of the image, without rights on the node, and with a root that nobody writes', async () => {
    const { code, log } = await run('who', (container) => {
      container.command = [
        '/bin/sh',
        '-c',
        '(: >/usr/x) 2>&1; while read -r line; do echo "$line"; done </proc/self/status',
      ];
    });
    expect({ code, log }).toMatchObject({ code: 0, log: expect.stringMatching(/Read-only file system/) as string });
    const status: Record<string, string> = Object.fromEntries(
      log.split('\n').map((line) => line.split(/:\s*/, 2) as [string, string]),
    );
    expect(status).toMatchObject({
      Uid: expect.stringMatching(/^10001\s+10001/) as string,
      Gid: expect.stringMatching(/^10001\s+10001/) as string,
      CapEff: '0000000000000000',
      CapBnd: '0000000000000000',
      NoNewPrivs: '1',
      Seccomp: '2',
    });
  });

  it('audits every node with its own account and key, and ends with 0 while nothing drifts', async () => {
    const first = await run('first', (container) => {
      container.args = container.args
        .filter((one) => !/^--(baseline|output)=/.test(one))
        .concat('--output=json', '--quiet');
    });
    expect(first).toMatchObject({ code: 0 });
    const audit = JSON.parse(first.log) as Audit;
    expect(audit.hosts.map(({ host, nodeName, status }) => `${host} ${nodeName ?? ''} ${status}`)).toEqual(
      nodes.map((name) => `${name} ${name} judged`),
    );
    makeBaseline('replace', first.log);
    const { code, log } = await run('try');
    expect({ code, log }).toEqual({ code: 0, log: expect.stringMatching(/^No drift: \d+ unchanged$/m) as string });
    expect(inSpace('wait', '--for=condition=complete', '--timeout=30s', 'job/try')).toContain('condition met');
  });

  it('fails with exit code 2 on drift, and is not tried again', async () => {
    await lab.extraArgs('n1', '--read-only-port=10256');
    const { code, log } = await run('drifted');
    expect({ code, log }).toEqual({ code: 2, log: expect.stringMatching(/^changed +read-only-port/m) as string });
    expect(log).toMatch(/^Drift: /m);
    expect(inSpace('wait', '--for=condition=failed', '--timeout=30s', 'job/drifted')).toContain('condition met');
    expect(inSpace('get', 'pods', '-l', 'job-name=drifted', '-o', 'name').trim().split('\n')).toHaveLength(1);
  });

  it('fails with exit code 3 if a node cannot be judged', async () => {
    await lab.stopSshd('n2');
    const { code, log } = await run('unreachable');
    await lab.startSshd('n2');
    expect({ code, log }).toEqual({ code: 3, log: expect.stringMatching(/\bn2\b.*/) as string });
  });
});
