/** Nodes of a supervisor made up from texts, and what a plan does to them: one step after the other. */
import type { EditOptions } from '../../src/distros/distro.js';
import { detectDistro } from '../../src/distros/index.js';
import { effectiveSetting } from '../../src/facts/effective-kubelet.js';
import type { KubeletSetup } from '../../src/facts/kubelet-setup.js';
import type { NodeFacts } from '../../src/facts/node-facts.js';
import { type SettingInfo, type Value, settingByPath } from '../../src/facts/settings.js';
import { sameSetting } from '../../src/facts/same-setting.js';
import { withText } from '../../src/plan/simulate.js';
import { factsOf, processOf, unitOf } from '../nodes/facts-of.js';

export const kernelFits = {
  '/proc/sys/vm/overcommit_memory': '1\n',
  '/proc/sys/vm/panic_on_oom': '0\n',
  '/proc/sys/kernel/panic': '10\n',
  '/proc/sys/kernel/panic_on_oops': '1\n',
  '/proc/sys/kernel/keys/root_maxkeys': '1000000\n',
  '/proc/sys/kernel/keys/root_maxbytes': '25000000\n',
};

const unitPath = '/etc/systemd/system/k3s.service';

/** A k3s node with these files; `command` is what stands in ExecStart. */
export function k3sNode(
  version: string,
  files: Readonly<Record<string, string>>,
  command = '/usr/local/bin/k3s server',
): NodeFacts {
  const text = `[Service]\nExecStart=${command}\n`;
  return factsOf(
    { [unitPath]: text, ...files },
    {
      units: [unitOf({ name: 'k3s.service', fragmentPath: unitPath, mainPid: 812 })],
      processes: [
        processOf([command], { pid: 812, name: 'k3s-server', version: `k3s version ${version}+k3s1 (0a1b2c3d)` }),
      ],
    },
  );
}

export function setupOf(facts: NodeFacts): KubeletSetup {
  const detected = detectDistro(facts);
  if (detected === undefined) throw new Error('no kubelet found');
  return detected.setup;
}

export function infoOf(path: string): SettingInfo {
  const info = settingByPath.get(path);
  if (info === undefined) throw new Error(path);
  return info;
}

export const valueOf = (facts: NodeFacts, path: string): Value =>
  effectiveSetting(setupOf(facts).sources, infoOf(path)).value;

/** The node once `path` has `value`, or the words of the refusal. */
export function harden(
  facts: NodeFacts,
  path: string,
  value: Value,
  wishes?: EditOptions,
): { readonly facts: NodeFacts } | { readonly refused: string } {
  let after = facts;
  for (let step = 0; step < 12; step += 1) {
    const detected = detectDistro(after);
    if (detected === undefined) throw new Error('no kubelet found');
    const { distro, setup } = detected;
    if (sameSetting(effectiveSetting(setup.sources, infoOf(path)).value, value)) return { facts: after };
    const change = distro.change(after, setup, infoOf(path), value, wishes);
    if (!change.ok) return { refused: change.error };
    for (const one of change.value) after = withText(after, setup.unit.name, one);
  }
  throw new Error(`${path} is not in effect after 12 steps`);
}

/** As `harden`, where no refusal is expected. */
export function hardened(facts: NodeFacts, path: string, value: Value, wishes?: EditOptions): NodeFacts {
  const result = harden(facts, path, value, wishes);
  if ('refused' in result) throw new Error(result.refused);
  return result.facts;
}

export function refusalOf(facts: NodeFacts, path: string, value: Value): string {
  const result = harden(facts, path, value);
  return 'refused' in result ? result.refused : 'not refused';
}
