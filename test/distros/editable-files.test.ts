import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { detectDistro } from '../../src/distros/index.js';
import { editFault } from '../../src/plan/edit-limits.js';
import { mismatch } from '../../src/plan/bound-plan.js';
import { type HostPlan, planHost, completePlan } from '../../src/plan/host-plan.js';
import type { NodeView } from '../../src/playbook/assess.js';
import { parsePlaybook } from '../../src/playbook/load.js';
import { readNode, recordedNodes } from '../nodes/recorded-node.js';

const playbooks = ['baseline', 'cis-1.11', 'cis-1.12', 'k3s-cis', 'rke2-cis', 'stig', 'tls'].map((name) =>
  parsePlaybook(name, readFileSync(new URL(`../../playbooks/${name}.yaml`, import.meta.url), 'utf8')),
);
const foreign = [
  '/etc/cron.d/x',
  '/root/.ssh/authorized_keys',
  '/etc/sudoers.d/x',
  '/etc/systemd/system/other.service',
  '/etc/systemd/system/other.service.d/zz-kubelatch.conf',
  '/etc/ld.so.preload',
  '/etc/sysctl.d/00-mine.conf',
  '/etc/sysctl.d/../cron.d/x',
  '/etc/sysctl.d//90-kubelet.conf',
  '/var/lib/kubelet/../../../etc/shadow',
];
let withEdits = 0;
const nodes = recordedNodes.filter((name) => readNode(name).expected.noKubelet === undefined);

function viewOf(name: string) {
  const { facts, configz } = readNode(name);
  const found = detectDistro(facts);
  if (found === undefined) throw new Error(name);
  const { distro, setup } = found;
  const view: NodeView = { facts, setup, configz, kubeletVersion: undefined };
  return { distro, view, editable: distro.editable(facts, setup) };
}

/** The plans of every playbook, alone: with and without moving arguments. */
function plansOf(name: string): HostPlan[] {
  const { distro, view } = viewOf(name);
  const host = { host: name, nodeName: undefined, role: 'worker' } as const;
  const evidence = { clientCertificates: [], clusterCa: undefined };
  return [true, false].flatMap((moveArguments) =>
    playbooks.flatMap((playbook) => {
      const wishes = { moveArguments, acceptPendingEdits: true };
      const planned = completePlan(planHost(host, view, distro, [playbook], wishes), evidence);
      return 'plan' in planned ? [planned.plan] : [];
    }),
  );
}

describe.each(nodes)('%s', (name) => {
  const { view, editable } = viewOf(name);

  it('fits every plan that is made for it, as it is and as a file keeps it', () => {
    for (const plan of plansOf(name)) {
      if (plan.edits.length > 0) withEdits += 1;
      expect(plan.edits.map(editFault).filter(Boolean)).toEqual([]);
      expect(mismatch(plan, view, editable)).toBeUndefined();
      const kept = JSON.parse(JSON.stringify(plan)) as HostPlan;
      expect(mismatch(kept, view, editable)).toBeUndefined();
    }
  });

  it('lets no plan edit files that are no part of its kubelet’s set-up', () => {
    for (const path of foreign) expect([editable.texts.has(path), editable.modes.has(path)]).toEqual([false, false]);
  });
});

it('is asked of many plans', () => {
  expect(withEdits).toBeGreaterThan(100);
});
