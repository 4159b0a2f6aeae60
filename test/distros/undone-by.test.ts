import { describe, expect, it } from 'vitest';
import type { Distro, PlannedText } from '../../src/distros/distro.js';
import { k3s } from '../../src/distros/k3s.js';
import { kubeadm } from '../../src/distros/kubeadm.js';
import { rke2 } from '../../src/distros/rke2.js';
import { systemd } from '../../src/distros/systemd.js';
import { detectDistro } from '../../src/distros/index.js';
import { factsOf } from '../nodes/facts-of.js';

const unitPath = '/etc/systemd/system/kubelet.service';
const ours = `${unitPath}.d/zz-kubelatch.conf`;
const command = '[Service]\nExecStart=\nExecStart=/usr/bin/kubelet --v=2\n';
const variable = '[Service]\nEnvironment="ARGS=--v=2"\n';

describe('what will undo an edit, or what an edit hides', () => {
  it.each<[string, Distro, PlannedText, RegExp | undefined]>([
    [
      'our command on a plain node',
      systemd,
      { path: ours, text: command },
      /overrides ExecStart; edits in .*kubelet\.service/,
    ],
    ['our command on a kubeadm node', kubeadm, { path: ours, text: command }, /overrides ExecStart/],
    ['our command on a k3s node', k3s, { path: ours, text: command }, /overrides ExecStart/],
    ['our variable', systemd, { path: ours, text: variable }, /overrides ARGS/],
    [
      "an administrator's drop-in, edited where it stands",
      systemd,
      { path: `${unitPath}.d/10.conf`, text: command },
      undefined,
    ],
    [
      'config.yaml of kubeadm',
      kubeadm,
      { path: '/var/lib/kubelet/config.yaml', text: '' },
      /kubeadm upgrade overwrites/,
    ],
    [
      "Rancher's file",
      rke2,
      { path: '/etc/rancher/rke2/config.yaml.d/50-rancher.yaml', text: '' },
      /Rancher overwrites/,
    ],
    ['another file beside it', rke2, { path: '/etc/rancher/rke2/config.yaml.d/60-mine.yaml', text: '' }, undefined],
  ])('%s', (_, distro, edit, sentence) => {
    const setup = detectDistro(factsOf({ [unitPath]: '[Service]\nExecStart=/usr/bin/kubelet\n' }))?.setup;
    if (setup === undefined) throw new Error('no kubelet');
    const found = distro.overwrittenBy(setup, [edit]);
    if (sentence === undefined) expect(found).toEqual([]);
    else expect(found.join('\n')).toMatch(sentence);
  });
});
