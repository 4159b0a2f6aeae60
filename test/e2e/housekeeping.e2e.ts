/** What nodes keep: listed, pruned, rolled back from any of it; and uninstall leaves no trace of it. */
import { beforeAll, expect, it } from 'vitest';
import type { FileState } from '../lab/lab.js';
import { configYaml, expectClosed, expectOpen } from './planted.js';
import { type RunResult, expectClear, hostOf, outcomes } from './results.js';
import { kubeletFiles, openScene, plantAll, readOn, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
const both = scene.inventory(['n1', 'n2']);
const one = scene.inventory(['n1']);
let planted: Readonly<Record<string, FileState>>;
let first: string;
let second: string;

interface Backups {
  readonly hosts: readonly {
    readonly host: string;
    readonly status: string;
    readonly backups: readonly { readonly run: string; readonly state: string; readonly files: readonly string[] }[];
  }[];
}

interface Uninstall {
  readonly run: { readonly id: string; readonly kind: string } | null;
  readonly hosts: readonly {
    readonly host: string;
    readonly outcome: string;
    readonly reason?: string;
    readonly hint?: string;
  }[];
}

/** A playbook whose number is new each time, so that each apply is a run. */
const pids = (limit: number): string =>
  scene.file(
    `pids-${limit}.yaml`,
    `apiVersion: kubelatch.dev/v1
kind: Playbook
metadata: {name: pids, title: A limit of processes}
rules:
  - id: pids
    title: A limit of processes
    severity: low
    setting: podPidsLimit
    want: {equals: ${limit}}
    set: ${limit}
    why: For the test.
`,
  );

const apply = async (inventory: string, ...flags: string[]): Promise<RunResult> => {
  const result = await scene.result<RunResult>(0, ['apply', '-i', inventory, ...swift, ...flags]);
  expect(new Set(Object.values(outcomes(result)))).toEqual(new Set(['confirmed']));
  return result;
};
const kept = async (inventory: string): Promise<Record<string, string[]>> => {
  const { hosts } = await scene.result<Backups>(0, ['runs', 'backups', '-i', inventory]);
  return Object.fromEntries(
    hosts.map(({ host, backups }) => [host, backups.map(({ run, state }) => `${run} ${state}`)]),
  );
};
const uninstalled = ({ hosts }: Uninstall): Record<string, string> =>
  Object.fromEntries(hosts.map(({ host, outcome }) => [host, outcome]));
const traces =
  "find /etc /usr/lib/systemd /usr/local /var/lib /run /tmp -xdev -name '*kubelatch*' | grep -v kubelatch-lab";

beforeAll(async () => {
  await plantAll(lab, ['n1', 'n2']);
  planted = await kubeletFiles(lab, 'n1');
  first = (await apply(both)).run.id;
  second = (await apply(one, '-p', pids(4001))).run.id;
});

it('lists what each node keeps, newest first', async () => {
  expect(await kept(both)).toEqual({
    n1: [`${second} confirmed`, `${first} confirmed`],
    n2: [`${first} confirmed`],
  });
  const { hosts } = await scene.result<Backups>(0, ['runs', 'backups', '-i', one]);
  expect(hosts[0]?.backups[0]?.files).toEqual([configYaml]);
  const shown = await scene.kubelatch(['runs', 'backups', '-i', both]);
  expect(shown.stdout).toMatch(new RegExp(`${second} +confirmed .* n1\\n${first} +confirmed .* n1,n2\\n`));
});

it('says which run comes first where a later one built upon it, and takes back the rest', async () => {
  const back = await scene.result<RunResult>(1, ['rollback', first, '-i', both, ...swift]);
  expect(outcomes(back)).toEqual({ n1: 'refused', n2: 'confirmed' });
  const { reason, hint } = hostOf(back, 'n1');
  expectClear({ reason, hint });
  expect(reason).toBe(`run ${second} changed ${configYaml} after run ${first}, so it must be rolled back first`);
  expect(hint).toContain(`kubelatch rollback ${second} --limit n1`);
  await expectClosed(lab, 'n1');
  await expectOpen(lab, 'n2');
});

it('takes back one after the other to the first byte', async () => {
  for (const run of [second, first]) {
    const back = await scene.result<RunResult>(0, ['rollback', run, '-i', one, ...swift]);
    expect(outcomes(back)).toEqual({ n1: 'confirmed' });
  }
  expect(await kubeletFiles(lab, 'n1')).toEqual(planted);
  expect(await kept(one)).toEqual({ n1: [`${second} reverted`, `${first} reverted`] });
});

it('--keep leaves the newest, and a rollback still works', async () => {
  const run = (await apply(one, '-p', pids(4002), '--keep', '2')).run.id;
  // So many that were confirmed stay, and so many that were put back.
  expect(await kept(one)).toEqual({ n1: [`${run} confirmed`, `${second} reverted`, `${first} reverted`] });
  const again = await scene.result<RunResult>(0, ['apply', '-i', one, ...swift, '-p', pids(4003)], {
    env: { KUBELATCH_KEEP: '1' },
  });
  expect(await kept(one)).toEqual({ n1: [`${again.run.id} confirmed`, `${second} reverted`] });
  const folders = await lab.on('n1', 'find /var/lib/kubelatch/txn -mindepth 1 -maxdepth 1 -type d');
  expect(folders.stdout.trim().split('\n').sort()).toEqual(
    [again.run.id, second].map((id) => `/var/lib/kubelatch/txn/${id}`).sort(),
  );
  expect(await readOn(lab, 'n1', configYaml)).toContain('podPidsLimit: 4003');
  const back = await scene.result<RunResult>(0, ['rollback', again.run.id, '-i', one, ...swift]);
  expect(outcomes(back)).toEqual({ n1: 'confirmed' });
  expect(await readOn(lab, 'n1', configYaml)).toContain('podPidsLimit: 4002');
});

it('uninstall refuses a host whose change is unfinished, and does the others', async () => {
  const going = scene.kubelatch(['apply', '-i', one, '--yes', '--settle', '25s', '-p', pids(4004), '-o', 'json']);
  const pending = 'cat /var/lib/kubelatch/txn/*/state';
  await expect.poll(async () => (await lab.on('n1', pending)).stdout, { timeout: 60_000 }).toContain('applied');
  const locked = await scene.kubelatch(['uninstall', '-i', both, '--yes']);
  expect([locked.code, locked.stdout]).toEqual([1, '']);
  expect(locked.stderr).toContain('holds the run lock of this cluster');
  const tried = await scene.result<Uninstall>(1, ['uninstall', '-i', both, '--yes', '--no-cluster']);
  expect(uninstalled(tried)).toEqual({ n1: 'refused', n2: 'removed' });
  const { run } = JSON.parse((await going).stdout) as RunResult;
  const [refused] = tried.hosts;
  expectClear({ reason: refused?.reason, hint: refused?.hint });
  expect(refused?.reason).toMatch(new RegExp(`run ${run.id} .*has an unfinished change on this node \\(applied`));
  expect((await lab.on('n2', traces)).stdout).toBe('');
  expect(await readOn(lab, 'n1', configYaml)).toContain('podPidsLimit: 4004');
});

it('uninstall leaves no trace, changed settings stay, and no run can be rolled back', async () => {
  const inventory = scene.inventory(['n1', 'n2', ['gone', { address: '10.77.0.99' }]]);
  const ran = await scene.kubelatch(['uninstall', '-i', inventory, '--yes']);
  expect(ran.code, ran.stderr).toBe(3);
  expect(ran.stdout).toMatch(/^\+ n1: removed, including the backups of \d runs?$/m);
  expect(ran.stdout).toMatch(/^\+ n2: nothing to remove$/m);
  expect(ran.stdout).toMatch(/^! gone: unreachable: .*10\.77\.0\.99/m);
  for (const node of ['n1', 'n2']) expect((await lab.on(node, traces)).stdout, node).toBe('');
  expect(await readOn(lab, 'n1', configYaml)).toContain('podPidsLimit: 4004');
  const back = await scene.kubelatch(['rollback', '-i', both, '--yes']);
  expect(back.code).toBe(64);
  expect(back.stderr).toContain('no backups were found on the nodes that answered');
  const again = await scene.result<Uninstall>(0, ['uninstall', '-i', both, '--yes']);
  expect(uninstalled(again)).toEqual({ n1: 'nothing', n2: 'nothing' });
  expect(again.run).toMatchObject({ id: expect.stringMatching(/^\d{8}T\d{6}Z-/) as string, kind: 'uninstall' });
});
