/** How each fault is made to strike a running cell, and how it is cleared. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../lab/node-access.js';
import type { Lab } from '../lab/lab.js';
import type { Intruder } from './intruder.js';
import type { FaultName } from './matrix.js';
import { firstProcess } from './node-root.js';
import type { RunningTool } from './tool.js';

export interface Scene {
  readonly lab: Lab;
  readonly node: string;
  /** Milliseconds that the controller's clock is off are read from here; see clock-shift.ts. */
  readonly clockFile: string;
  readonly intruder: Intruder;
  /** Undefined while it is not started yet. */
  readonly tool: RunningTool | undefined;
  /** The node's first process before it went down, where it did. */
  readonly first?: string;
}

interface Fault {
  inject(scene: Scene): Promise<void>;
  /** Clears the fault; the node is up when this resolves. */
  heal(scene: Scene): Promise<void>;
}

const nothing = (): Promise<void> => Promise.resolve();
const minutes = 60_000;
const power = join(import.meta.dirname, '../lab/power.sh');

async function switchPower(node: string, to: 'off' | 'on'): Promise<void> {
  const done = await run(power, [node, to]);
  if (done.code !== 0) throw new Error(`the power of ${node} could not be turned ${to}: ${done.stderr}`);
}

async function must({ lab, node }: Scene, script: string, where = node): Promise<void> {
  const done = await lab.on(where, script);
  if (done.code !== 0) throw new Error(`the fault could not be made on ${where}: ${done.stderr.slice(-300)}`);
}

/** Until systemd has started all that it starts at boot. */
async function whenUp({ lab, node, first = '' }: Scene): Promise<void> {
  const end = performance.now() + 90_000;
  while (performance.now() < end) {
    const isAnother = firstProcess(node) !== first;
    const up = await lab.on(node, 'systemctl is-active -q ssh.service && systemctl is-active -q multi-user.target');
    if (isAnother && up.code === 0) return;
    await sleep(200);
  }
  throw new Error(`${node} did not come up again`);
}

/** Packets to and from a port on this side, dropped or answered with a reset. */
const firewall = (table: string, port: number, verdict: string): string => `nft -f - <<'N'
table inet ${table} {
  chain in { type filter hook input priority -10; tcp dport ${port} ${verdict}; }
  chain out { type filter hook output priority -10; tcp sport ${port} drop; }
}
N`;
const noFirewall = (table: string): string => `nft delete table inet ${table} 2>/dev/null || :`;

const clock = (offset: number): Fault => ({
  inject: ({ clockFile }) => {
    writeFileSync(clockFile, String(offset));
    return Promise.resolve();
  },
  heal: nothing,
});

const clear = ({ lab, node }: Scene): Promise<void> => lab.clearFaults(node);

/** What strikes by way of root-shell.sh needs nothing here. */
const spoilt: Fault = { inject: nothing, heal: nothing };

const readOnly = ['/etc', '/usr', '/var/lib'];

export const faultActions: Readonly<Record<FaultName, Fault>> = {
  'controller-killed': {
    inject: ({ tool }) => {
      tool?.kill();
      return Promise.resolve();
    },
    heal: nothing,
  },
  'ssh-cut': {
    inject: (scene) => must(scene, firewall('labcut', 22, 'drop')),
    heal: (scene) => must(scene, noFirewall('labcut')),
  },
  reboot: {
    inject: async (scene) => {
      await must(scene, 'systemctl reboot --no-block');
      await sleep(500);
    },
    heal: whenUp,
  },
  'power-cut': {
    inject: async ({ node }) => {
      await switchPower(node, 'off');
      await sleep(1000);
      await switchPower(node, 'on');
    },
    heal: whenUp,
  },
  'disk-full': {
    // The second pass takes what is left of the last block.
    inject: (scene) =>
      must(
        scene,
        `for size in 64k 512; do dd if=/dev/zero bs=$size 2>/dev/null; done >/var/lab-full
         for place in /etc /var/lib; do ! { head -c 4096 /dev/zero >$place/lab-full-proof; } 2>/dev/null && rm -f $place/lab-full-proof || exit 1; done`,
      ),
    heal: (scene) => must(scene, 'rm -f /var/lab-full'),
  },
  'read-only': {
    inject: (scene) =>
      must(
        scene,
        `for place in ${readOnly.join(' ')}; do mount --bind $place $place && mount -o remount,bind,ro $place || exit 1; done`,
      ),
    heal: (scene) =>
      must(scene, `for place in ${readOnly.join(' ')}; do ! mountpoint -q $place || umount -l $place; done`),
  },
  'sudo-revoked': {
    inject: (scene) => must(scene, 'mv /etc/sudoers.d/lab /etc/lab-sudoers'),
    heal: (scene) => must(scene, '[ ! -e /etc/lab-sudoers ] || mv /etc/lab-sudoers /etc/sudoers.d/lab'),
  },
  'lock-held': { inject: ({ intruder }) => intruder.enter(), heal: ({ intruder }) => intruder.leave() },
  'clock-ahead': clock(10 * minutes),
  'clock-behind': clock(-10 * minutes),
  'hangs-on-stop': { inject: ({ lab, node }) => lab.faultHangsOnStop(node), heal: clear },
  'never-starts': { inject: ({ lab, node }) => lab.faultNeverStartsWhenHardened(node), heal: clear },
  'api-gone': {
    inject: (scene) =>
      must(scene, firewall('labapi', 6443, 'reject with tcp reset').replace(/ {2}chain out.*\n/, ''), 'cp1'),
    heal: (scene) => must(scene, noFirewall('labapi'), 'cp1'),
  },
  'kubelet-killed': {
    // With k3s and RKE2, both the supervisor and its kubelet; never what runs containers.
    inject: (scene) =>
      must(
        scene,
        `unit=$(cat /opt/planted/unit); group=$(systemctl show -P ControlGroup "$unit")
         kubelets=$(for pid in $(cat /sys/fs/cgroup/systemd"$group"/cgroup.procs /sys/fs/cgroup"$group"/cgroup.procs 2>/dev/null); do
           [ "$(cat /proc/$pid/comm)" != kubelet ] || echo $pid; done)
         systemctl kill --kill-whom=main -s KILL "$unit" && { [ -z "$kubelets" ] || kill -KILL $kubelets 2>/dev/null || :; }`,
      ),
    heal: nothing,
  },
  'kubelet-dies': { inject: ({ lab, node }) => lab.faultDiesWhenHardened(node), heal: clear },
  'slow-start': { inject: ({ lab, node }) => lab.faultSlowWhenHardened(node), heal: clear },
  'cut-off': { inject: ({ lab, node }) => lab.faultCutOffWhenHardened(node), heal: clear },
  'answer-100-mb': spoilt,
  'answer-torn': spoilt,
  'answer-hostile': spoilt,
};
