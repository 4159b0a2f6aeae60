/** The controller is gone for good: the node puts its change back alone, in this start of the machine or the next. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { FileState } from '../lab/lab.js';
import { killAt } from './killed.js';
import { expectOpen } from './planted.js';
import { type Audit, hostOf } from './results.js';
import { kubeletFiles, openScene, processOf } from './scene.js';

const scene = openScene();
const { lab } = scene;
const node = 'n1';
const inventory = scene.inventory([node]);
const deadline = 15;
const unit = lab.nodes[node]?.unit ?? '';
const apply = ['apply', '-i', inventory, '--yes', '--settle', '10s', '--deadline', `${deadline}s`];

let before: Readonly<Record<string, FileState>>;
beforeEach(async () => {
  await lab.plant(node);
  before = await kubeletFiles(lab, node);
});

const on = async (script: string): Promise<string> => (await lab.on(node, script)).stdout.trim();
const units = (): Promise<string> =>
  on(
    `find /etc/systemd/system /run/systemd -name 'kubelatch*'; systemctl list-timers --all --no-legend 'kubelatch*'
     systemctl list-units --all --no-legend 'kubelatch*'`,
  );

/** The node's own record, its units and its kubelet agree: put back by itself. */
async function expectPutBack(run: string, by: string): Promise<void> {
  expect(await units()).toBe('');
  expect(await kubeletFiles(lab, node)).toEqual(before);
  await expectOpen(lab, node);
  expect(await on(`cat /var/lib/kubelatch/txn/${run}/state`)).toBe('reverted');
  const verdict = await on(`cat /var/lib/kubelatch/txn/${run}/verdict`);
  expect(verdict.startsWith(`reverted by ${by}`), verdict).toBe(true);
  const audit = await scene.result<Audit>(0, ['audit', '-i', inventory]);
  expect(hostOf(audit, node).notes.join('\n')).not.toContain('unfinished');
}

describe('a controller that is killed in the gate', () => {
  it('leaves a node that runs its old configuration 5 s after the deadline, and says so', async () => {
    let armed = '';
    let hardened = '';
    const { run } = await killAt(scene, apply, 'gate', [node], async () => {
      armed = await units();
      hardened = await processOf(lab, node);
    });
    const killed = Date.now();
    // Whoever has systemd read its units anew must not put the deadline off.
    const reloaded = on('sleep 5; systemctl daemon-reload && echo reloaded');
    for (const name of ['kubelatch-switch.timer', 'kubelatch-switch.service', 'kubelatch-boot.service'])
      expect(armed).toContain(name);
    const active = `systemctl show -p ActiveState --value ${unit}`;
    const isOld = async (): Promise<boolean> =>
      (await on(active)) === 'active' &&
      (await processOf(lab, node)) !== hardened &&
      (await lab.probe(node)).anonymous10250 === 200;
    // The last word of the controller came just before it was killed, at the latest.
    while (!(await isOld().catch(() => false))) {
      if (Date.now() - killed > (deadline + 30) * 1000) throw new Error('the node did not put itself back');
      await sleep(200);
    }
    // Until the process is there: what a kubelet needs before it answers is the same after every restart.
    const started = await on(
      `cut -d ' ' -f 1 /proc/uptime; systemctl show -p ExecMainStartTimestampMonotonic --value ${unit}`,
    );
    const [up = NaN, start = NaN] = started.split('\n').map(Number);
    const took = Date.now() - (up * 1000 - start / 1000) - killed;
    expect(took).toBeLessThanOrEqual((deadline + 5) * 1000);
    expect(await reloaded).toBe('reloaded');
    // It waits until the kubelet stays up before it calls itself done.
    for (let looks = 0; looks < 100 && (await units()) !== ''; looks += 1) await sleep(200);
    await expectPutBack(run, 'the node itself, because nobody confirmed the change in time');
    expect(await on('journalctl -u kubelatch-switch -o cat')).toContain(`change ${run}: reverted`);
  });
});

describe('a node that is started anew while its controller is gone', () => {
  it('comes up with its old configuration', async () => {
    const { run } = await killAt(scene, apply, 'gate', [node]);
    const first = await on('cut -d " " -f 22 /proc/1/stat');
    await on('(sleep 0.2; systemctl reboot) >/dev/null 2>&1 &');
    // Down, and up again.
    const since = Date.now();
    // Nothing that asks systemd: it would wait for an answer, and the end of the system for it.
    const boot = (): Promise<string> => on('cut -d " " -f 22 /proc/1/stat').catch(() => '');
    const isUp = (): Promise<boolean> =>
      on('timeout -k 1 3 systemctl is-system-running || true').then(
        (said) => said.includes('ing') && !said.includes('stopping'),
        () => false,
      );
    for (let now = first; now === first || now === '' || !(await isUp()); now = await boot()) {
      if (Date.now() - since > 90_000) throw new Error('the node did not come back');
      await sleep(500);
    }
    await lab.waitReady(node, { reachable: true, timeout: 90_000 });
    await expectPutBack(run, 'the node itself at boot, because the machine went down before the change was confirmed');
    // The kubelet of this start never saw the new files.
    expect(await on('journalctl -b -u kubelatch-boot -o cat')).toContain(`change ${run}: reverted`);
    const times = await on(
      `date +%s%6N; cut -d ' ' -f 1 /proc/uptime; stat -c %.6Y /var/lib/kubelatch/txn/${run}/verdict
       systemctl show -p ExecMainStartTimestampMonotonic --value ${unit}`,
    );
    const [now = NaN, up = NaN, verdict = NaN, started = NaN] = times.split('\n').map(Number);
    expect(now - (up * 1e6 - started)).toBeGreaterThan(verdict * 1e6);
  });
});
