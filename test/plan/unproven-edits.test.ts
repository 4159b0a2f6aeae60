import { describe, expect, it } from 'vitest';
import { systemd } from '../../src/distros/systemd.js';
import { pendingRefusal, pendingWarning, unprovenEdits } from '../../src/plan/unproven-edits.js';
import type { NodeView } from '../../src/playbook/assess.js';
import { factsOf, fileOf, processOf, startedAt } from '../nodes/facts-of.js';

const unit = '/etc/systemd/system/kubelet.service';
const config = '/var/lib/kubelet/config.yaml';
const command = `/usr/bin/kubelet --config=${config}`;

/** A node whose config.yaml was changed after the start, and what its kubelet shows. */
function viewOf(text: string, configz: NodeView['configz'], unitText = `[Service]\nExecStart=${command}\n`): NodeView {
  const whole = `apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n${text}`;
  const facts = factsOf({ [unit]: unitText }, { processes: [processOf(command.split(' '))] });
  const files = new Map([...facts.files, [config, fileOf(config, whole, { mtime: startedAt + 60 })]]);
  const setup = systemd.detect({ ...facts, files });
  if (setup === undefined) throw new Error('no kubelet was found');
  return { facts: { ...facts, files }, setup, configz, kubeletVersion: undefined };
}

const unproven = (view: NodeView, expected: { setting: string; value: number }[] = []) =>
  unprovenEdits(view, { facts: view.facts, setup: view.setup }, expected);

describe('an edit of somebody else', () => {
  it('is proved where it does what the plan promises, and nothing else', () => {
    const view = viewOf('readOnlyPort: 0\n', { readOnlyPort: 10255, maxPods: 110 });
    expect(unproven(view)).toHaveLength(1);
    expect(unproven(view, [{ setting: 'readOnlyPort', value: 0 }])).toEqual([]);
    expect(unproven(view, [{ setting: 'readOnlyPort', value: 1 }])).toHaveLength(1);
  });

  it('names only what the plan does not promise', () => {
    const view = viewOf('readOnlyPort: 0\nmaxPods: 77\n', { readOnlyPort: 10255, maxPods: 110 });
    const [edit] = unproven(view, [{ setting: 'readOnlyPort', value: 0 }]);
    expect(edit?.changes).toEqual([{ setting: 'maxPods', running: 110, next: 77 }]);
  });

  it('is harmless where configz shows no difference, and unknown without configz', () => {
    expect(unproven(viewOf('maxPods: 110\n', { maxPods: 110 }))).toEqual([]);
    expect(unproven(viewOf('maxPods: 110\n', undefined))).toMatchObject([{ path: config, changes: undefined }]);
  });

  it('is refused in one line with a hint, and warned of where a person accepts it', () => {
    const [edit] = unproven(viewOf('maxPods: 77\n', { maxPods: 110 }));
    if (edit === undefined) throw new Error('nothing was found');
    const { reason, hint } = pendingRefusal([edit, { ...edit, path: '/etc/other', line: 3 }]);
    expect(reason).toBe(
      `${config} was changed after the kubelet started: a restart changes maxPods from 110 to 77 (and 1 more: /etc/other:3)`,
    );
    expect(hint).toContain('--accept-pending-edits');
    expect(pendingWarning(edit)).toMatch(/maxPods from 110 to 77\. .*cannot revert it/);
  });
});
