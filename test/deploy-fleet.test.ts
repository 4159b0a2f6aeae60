/** deploy/run-cluster.sh: one inventory for each index, and a run that a retried pod finishes and never redoes. */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { project } from './source-file.js';

const script = join(project, 'deploy/run-cluster.sh');

/** Writes down its arguments; begins a run as apply does; then does what FAKE says. */
const fake = `#!/bin/sh
printf '%s\\n' "$*" >>"$CALLS"
case $FAKE in refused) exit 64 ;; esac
[ "$1" != apply ] || [ "$FAKE" = before-run ] || mkdir -p "$XDG_STATE_HOME/kubelatch/runs/20261130T080000Z-abc123"
case $FAKE in
  killed | before-run) kill -KILL $$ ;;
  slow) trap 'echo decided >>"$CALLS"; exit 143' TERM; echo up >>"$CALLS"; while :; do sleep 0.05; done ;;
  *) exit "$FAKE" ;;
esac
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelatch-fleet-'));
  for (const name of ['bin', 'state', 'inventories']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'bin/kubelatch'), fake, { mode: 0o755 });
  for (const name of ['b', 'a', 'B', 'with space']) inventory(name);
  writeFileSync(join(folder, 'inventories/notes.txt'), '');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const inventory = (name: string): void => writeFileSync(join(folder, `inventories/${name}.yaml`), '');
const environment = (index: string | undefined, does: string) => ({
  PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
  CALLS: join(folder, 'calls'),
  FAKE: does,
  INVENTORIES: join(folder, 'inventories'),
  XDG_STATE_HOME: join(folder, 'state'),
  ...(index === undefined ? {} : { JOB_COMPLETION_INDEX: index }),
});
const run = (index: string | undefined, does: string, ...args: string[]): SpawnSyncReturns<string> =>
  spawnSync('sh', [script, ...(args.length === 0 ? ['apply', '--yes'] : args)], {
    env: environment(index, does),
    encoding: 'utf8',
  });
const calls = (): string[] =>
  existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') : [];
const named = (name: string): string =>
  `--inventory ${folder}/inventories/${name}.yaml --no-input --output json --output-file ${folder}/state/result.json`;
const id = '20261130T080000Z-abc123';

describe('the index', () => {
  it.each([
    ['0', 'B'],
    ['1', 'a'],
    ['2', 'b'],
    ['3', 'with space'],
  ])('%s is inventory %s, sorted by bytes', (index, name) => {
    expect(run(index, '0').status).toBe(0);
    expect(calls()).toEqual([`apply --yes ${named(name)}`]);
  });

  it.each([undefined, '', '4', '-1', '1x', '01', '$(id)', '999999'])('%j runs nothing', (index) => {
    const { status, stderr } = run(index, '0');
    expect([status, stderr.trim().split('\n').length]).toEqual([64, 1]);
    expect(calls()).toEqual([]);
  });

  it('of another cluster than before is refused: the folder changed between two pods', () => {
    run('1', 'killed');
    inventory('A');
    const { status, stderr } = run('1', '0');
    expect(status).toBe(64);
    expect(stderr).toContain('index 1 was a.yaml and is B.yaml now');
    expect(calls()).toHaveLength(1);
  });
});

describe('a pod that takes over', () => {
  it('finishes the run of the one that was killed, whatever the flags, and its exit code is the end', () => {
    expect(run('1', 'killed').status).toBe(137);
    expect(run('1', '4').status).toBe(4);
    expect(run('1', '0').status).toBe(4);
    expect(calls()).toEqual([`apply --yes ${named('a')}`, `resume ${id} --yes ${named('a')}`]);
  });

  it('applies where the one before it changed nothing yet', () => {
    run('1', 'before-run');
    expect(run('1', '0').status).toBe(0);
    expect(calls()).toEqual([`apply --yes ${named('a')}`, `apply --yes ${named('a')}`]);
  });

  it('applies where the one before it was refused, and never after a success', () => {
    expect([run('1', 'refused').status, run('1', '0').status, run('1', '1').status]).toEqual([64, 0, 0]);
    expect(calls()).toHaveLength(2);
  });

  it('never repeats a run that is done, or that stopped for a person to decide', () => {
    expect([run('2', '4').status, run('2', '0').status]).toEqual([4, 4]);
    expect([calls().length, run('2', '0').stderr.includes('already ended with exit code 4')]).toEqual([1, true]);
  });

  it.each(['1', '3', '5'])('resumes again after exit code %s: resume knows what is decided', (code) => {
    expect([run('1', code).status, run('1', code).status, run('1', '0').status]).toEqual([
      Number(code),
      Number(code),
      0,
    ]);
    expect(calls().map((line) => line.split(' --')[0])).toEqual(['apply', `resume ${id}`, `resume ${id}`]);
  });

  it('leaves two runs to a person', () => {
    run('1', 'killed');
    mkdirSync(join(folder, 'state/kubelatch/runs/20261130T090000Z-def456'));
    expect(run('1', '0').status).toBe(64);
    expect(calls()).toHaveLength(1);
  });

  it('audits again: an audit changes nothing', () => {
    expect(run('1', '2', 'audit', '--fail-on', 'high').status).toBe(2);
    expect(run('1', '0', 'audit').status).toBe(0);
    expect(calls()).toEqual([`audit --fail-on high ${named('a')}`, `audit ${named('a')}`]);
  });
});

it('hands a signal on and waits until the nodes are decided', async () => {
  const child = spawn('sh', [script, 'apply', '--yes'], { env: environment('1', 'slow'), stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  await expect.poll(calls, { timeout: 60_000 }).toContain('up');
  child.kill('SIGTERM');
  expect(await ended).toBe(143);
  expect(calls().at(-1)).toBe('decided');
  expect(run('1', '0').status).toBe(0);
  expect(calls().at(-1)).toContain(`resume ${id}`);
});

it.each(['plan', '', 'rollback'])('%j is not run by index', (verb) => {
  expect(run('1', '0', verb).status).toBe(64);
  expect(calls()).toEqual([]);
});

interface Container {
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } };
  }[];
  readonly securityContext: object;
  readonly resources: { readonly limits: object };
  readonly volumeMounts: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly subPathExpr?: string;
    readonly readOnly?: boolean;
  }[];
}
interface JobSpec {
  readonly podFailurePolicy: {
    readonly rules: readonly {
      readonly action: string;
      readonly onExitCodes?: { readonly values: readonly number[] };
    }[];
  };
  readonly template: {
    readonly spec: {
      readonly containers: readonly Container[];
      readonly volumes: readonly { readonly name: string }[];
    };
  };
}
const documents = parseAllDocuments(readFileSync(join(project, 'deploy/fleet-job.yaml'), 'utf8')).map((one) => {
  expect(one.errors).toEqual([]);
  return one.toJS() as {
    readonly kind: string;
    readonly metadata: { readonly namespace?: string };
    readonly spec: JobSpec;
  };
});
const job = documents.find(({ kind }) => kind === 'Job');
const pod = job?.spec.template.spec;
const [container] = pod?.containers ?? [];

describe('fleet-job.yaml', () => {
  it('is indexed, with a budget across clusters, and retries only what was cut off', () => {
    expect(job?.spec).toMatchObject({
      completionMode: 'Indexed',
      maxFailedIndexes: expect.any(Number) as number,
      backoffLimitPerIndex: expect.any(Number) as number,
    });
    expect(job?.spec).not.toHaveProperty('backoffLimit');
    const [disruption, ended] = job?.spec.podFailurePolicy.rules ?? [];
    expect(disruption).toMatchObject({ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] });
    expect(ended).toMatchObject({ action: 'FailIndex', onExitCodes: { operator: 'In', values: [1, 2, 3, 4, 5, 64] } });
  });

  it('has a pod that is as restricted as that of the CronJob, and no token', () => {
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      restartPolicy: 'Never',
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
    });
    for (const key of ['serviceAccountName', 'hostNetwork', 'hostPID']) expect(pod).not.toHaveProperty(key);
    expect(JSON.stringify(pod?.volumes)).not.toMatch(/hostPath|serviceAccountToken/);
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(Object.keys(container?.resources.limits ?? {}).sort()).toEqual(['cpu', 'memory']);
  });

  it('mounts what it names, and writes only to /tmp and to a folder of this Job and index', () => {
    const mounts = container?.volumeMounts ?? [];
    expect(mounts.map(({ name }) => name).sort()).toEqual(pod?.volumes.map(({ name }) => name).sort());
    const writable = mounts.filter(({ readOnly }) => readOnly !== true);
    expect(writable.map(({ mountPath }) => mountPath).sort()).toEqual(['/state', '/tmp']);
    expect(writable.find(({ mountPath }) => mountPath === '/state')?.subPathExpr).toBe(
      '$(JOB_NAME)/$(JOB_COMPLETION_INDEX)',
    );
    const values = new Map(
      container?.env.map(({ name, value, valueFrom }) => [name, value ?? valueFrom?.fieldRef.fieldPath]),
    );
    expect(values.get('JOB_COMPLETION_INDEX')).toBe("metadata.annotations['batch.kubernetes.io/job-completion-index']");
    expect(values.get('JOB_NAME')).toBe("metadata.labels['batch.kubernetes.io/job-name']");
    expect(values.get('XDG_STATE_HOME')).toBe('/state');
    expect(mounts.map(({ mountPath }) => mountPath)).toContain(values.get('INVENTORIES'));
  });

  it('runs the script that the image holds, with a verb and flags that it takes', () => {
    expect(container?.command).toEqual(['run-cluster.sh']);
    expect(readFileSync(join(project, 'deploy/Dockerfile'), 'utf8')).toContain('run-cluster.sh /usr/local/bin/');
    expect(run('0', '0', ...(container?.args ?? [])).status).toBe(0);
    expect(calls()[0]).toMatch(/^apply --yes /);
  });
});
