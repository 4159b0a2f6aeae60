/** Rules about the network: a packet filter and an address list in the same transaction as all else, and gone with its revert. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { kubeletDoors, openBridgePod, otherDoors, podNetwork } from './bridge-pod.js';
import { killAt } from './killed.js';
import type { Audit, Plan, RunResult } from './results.js';
import { openScene } from './scene.js';

const scene = openScene();
const { lab } = scene;
const nodes = ['n1', 'n2', 'n3'];
const inventory = scene.inventory(nodes);
const { address, must, doors } = openBridgePod(lab);

const playbookOf = (name: string, rule: string): string =>
  scene.file(
    `${name}.yaml`,
    `apiVersion: kubelatch.dev/v1
kind: Playbook
metadata: {name: ${name}, title: Who reaches the kubelet}
rules:
  - {id: ${name}, title: Who reaches the kubelet, severity: high, why: w, ${rule}}
`,
  );
const filter = playbookOf('filter', `packetFilter: {podNetworks: [${podNetwork}]}`);
const list = (apiServer: string): string =>
  playbookOf(
    'list',
    `addressList: {apiServer: [${apiServer}], nodes: [${['cp1', ...nodes].map(address).join(', ')}], podNetworks: [${podNetwork}]}`,
  );
const swift = ['--yes', '--settle', '1s', '--waves', '100%', '--max-unavailable', '100%'];
const verdicts = ({ hosts }: Audit): unknown =>
  Object.fromEntries(
    hosts.map(({ host, findings }) => [host, findings.map(({ status, got }) => `${status} ${String(got)}`)[0]]),
  );
const audit = (playbook: string): Promise<Audit> => scene.result(0, ['audit', '-i', inventory, '-p', playbook]);
const tables = (): Promise<string[]> =>
  Promise.all(nodes.map((one) => must(one, 'nft list tables | grep kubelatch || true')));
const traces = 'ls -d /etc/kubelatch /etc/systemd/system/kubelet.service.d/zz-* 2>/dev/null || true';

beforeAll(async () => {
  for (const one of nodes) await lab.plant(one);
});

describe('a packet filter', () => {
  let run = '';

  it('is in effect after apply: pods do not reach kubelets, and everything else stays open', async () => {
    expect(await doors()).toEqual({ ...kubeletDoors(true), ...otherDoors });
    const plan = await scene.result<Plan>(0, ['plan', '-i', inventory, '-p', filter]);
    expect(plan.hosts[0]?.plan).toMatchObject({ restart: true, guards: ['packet-filter'], fixes: ['filter'] });
    const applied = await scene.result<RunResult>(0, ['apply', '-i', inventory, '-p', filter, ...swift]);
    run = applied.run.id;
    for (const { outcome, gate } of applied.hosts) {
      expect(outcome).toBe('confirmed');
      expect(gate).toContainEqual(expect.objectContaining({ check: 'packet-filter', passed: true, seen: 'in effect' }));
    }
    expect(await doors()).toEqual({ ...kubeletDoors(false), ...otherDoors });
    expect(verdicts(await audit(filter))).toEqual({
      n1: 'pass in effect',
      n2: 'pass in effect',
      n3: 'pass in effect',
    });
  });

  it('that somebody changed or unloaded is found, and a restart loads it again', async () => {
    await must('n1', 'nft flush ruleset');
    await must('n2', 'nft add element inet kubelatch allowed4 "{ 10.244.1.2 }"');
    await must('n3', "echo '# more' >>/etc/kubelatch/kubelet.nft");
    expect(verdicts(await audit(filter))).toEqual({
      n1: 'fail no table',
      n2: 'fail another table',
      n3: 'fail other content',
    });
    const again = await scene.result<RunResult>(0, ['apply', '-i', inventory, '-p', filter, ...swift]);
    expect(again.hosts.map(({ outcome }) => outcome)).toEqual(['confirmed', 'confirmed', 'confirmed']);
    expect(verdicts(await audit(filter))).toEqual({
      n1: 'pass in effect',
      n2: 'pass in effect',
      n3: 'pass in effect',
    });
    expect(await doors()).toEqual({ ...kubeletDoors(false), ...otherDoors });
    const back = await scene.result<RunResult>(0, ['rollback', again.run.id, '-i', inventory, ...swift]);
    expect(back.hosts.map(({ outcome }) => outcome)).toEqual(['confirmed', 'confirmed', 'confirmed']);
    await must('n3', "sed -i '/# more/d' /etc/kubelatch/kubelet.nft");
  });

  it('is unloaded by a rollback, and no file stays', async () => {
    const back = await scene.result<RunResult>(0, ['rollback', run, '-i', inventory, ...swift]);
    expect(back.hosts.map(({ outcome }) => outcome)).toEqual(['confirmed', 'confirmed', 'confirmed']);
    expect(await tables()).toEqual(['', '', '']);
    for (const one of nodes) expect(await must(one, traces), one).toBe('');
    expect(await doors()).toEqual({ ...kubeletDoors(true), ...otherDoors });
  });

  it('is unloaded by the node itself if the controller is killed', async () => {
    const one = scene.inventory(['n1']);
    const apply = ['apply', '-i', one, '-p', filter, '--yes', '--settle', '20s', '--deadline', '40s'];
    const killed = await killAt(scene, apply, 'gate', ['n1'], async () => {
      for (let looks = 0; looks < 50 && (await tables())[0] === ''; looks += 1) await sleep(200);
      expect((await tables())[0]).toContain('inet kubelatch');
    });
    const end = Date.now() + 90_000;
    while ((await tables())[0] !== '' && Date.now() < end) await sleep(1000);
    expect((await tables())[0]).toBe('');
    const state = `cat /var/lib/kubelatch/txn/${killed.run}/state`;
    while (!(await must('n1', state)).startsWith('reverted') && Date.now() < end) await sleep(1000);
    expect(await must('n1', state)).toBe('reverted\n');
    expect(await must('n1', traces)).toBe('');
  });
});

describe('an address list', () => {
  it('keeps out other hosts, and pods and nodes stay connected', async () => {
    const right = list(`${address('cp1')}, 10.96.0.1`);
    const applied = await scene.result<RunResult>(0, ['apply', '-i', inventory, '-p', right, ...swift]);
    for (const { gate } of applied.hosts)
      expect(gate).toContainEqual(expect.objectContaining({ check: 'address-list', passed: true }));
    expect(await doors()).toEqual({ ...kubeletDoors(true), ...otherDoors });
    expect(verdicts(await audit(right))).toEqual({
      n1: 'pass in effect',
      n2: 'pass in effect',
      n3: 'pass in effect',
    });
    const back = await scene.result<RunResult>(0, ['rollback', applied.run.id, '-i', inventory, ...swift]);
    expect(back.hosts.map(({ outcome }) => outcome)).toEqual(['confirmed', 'confirmed', 'confirmed']);
    for (const one of nodes) expect(await must(one, traces), one).toBe('');
  });

  it('without the API server ends in a revert, and the node is Ready again', async () => {
    const one = scene.inventory(['n1']);
    const wrong = playbookOf(
      'wrong',
      `addressList: {apiServer: [192.0.2.1], nodes: [${address('n1')}], podNetworks: [${podNetwork}]}`,
    );
    const ran = await scene.result<RunResult>(4, [
      'apply',
      '-i',
      one,
      '-p',
      wrong,
      '--yes',
      '--settle',
      '1s',
      '--deadline',
      '50s',
    ]);
    expect(ran.hosts[0]).toMatchObject({ outcome: 'reverted' });
    expect(await must('n1', traces)).toBe('');
  });
});
