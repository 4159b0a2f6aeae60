/** A plan is what was reviewed: each way to make it another one is refused, by the plan alone or by the node's bytes. */
import { describe, expect, it } from 'vitest';
import { detectDistro } from '../../src/distros/index.js';
import { mismatch } from '../../src/plan/bound-plan.js';
import { diffAsShown, metaAsShown } from '../../src/plan/diff-as-shown.js';
import { sha256Of } from '../../src/lib/digest.js';
import { editFault } from '../../src/plan/edit-limits.js';
import { type FileEdit, type FileState, editsBetween, stateOf } from '../../src/plan/file-edit.js';
import type { HostPlan } from '../../src/plan/host-plan.js';
import { readSavedPlan, writeSavedPlan } from '../../src/plan/saved-plan.js';
import { withMode, withText } from '../../src/plan/simulate.js';
import { plan } from '../change/fake-node.js';
import { factsOf, fileOf, processOf } from '../nodes/facts-of.js';

const unit = '/etc/systemd/system/kubelet.service';
const config = '/var/lib/kubelet/config.yaml';
const argv = ['/usr/bin/kubelet', `--config=${config}`];
const old = `kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\nreadOnlyPort: 10255\n${'# more\n'.repeat(9)}`;
const fresh = old.replace('10255', '0');
const facts = factsOf(
  { [unit]: `[Service]\nExecStart=${argv.join(' ')}\n`, [config]: old },
  { processes: [processOf(argv)] },
);
const detected = detectDistro(facts);
if (detected === undefined) throw new Error('no kubelet');
const { setup, distro } = detected;
const view = { facts, setup, configz: undefined, kubeletVersion: undefined };
const editable = distro.editable(facts, setup);
const after = withMode(withText(facts, unit, { path: config, text: fresh }), config, '0600', 'root:root');
const [edit] = editsBetween(facts, after) as [FileEdit];
const sources = [unit].map((path) => ({ path, sha256: '0'.repeat(64) }));
const good = plan({ watch: setup.watch, edits: [edit], sources });
const before = edit.before as FileState;

const created = (path: string, text: string, state: Partial<FileState> = {}): FileEdit => ({
  ...{ path, action: 'create', before: null, text, diff: diffAsShown(path, undefined, text) },
  after: { sha256: sha256Of(text), mode: '0644', uid: 0, gid: 0, owner: 'root:root', ...state },
});
const withEdit = (over: Partial<FileEdit>): HostPlan => ({ ...good, edits: [{ ...edit, ...over }] });
/** The same edit with other metadata, as its diff would show it. */
const becoming = (state: Partial<FileState>): HostPlan => {
  const now = { ...edit.after, ...state };
  return withEdit({ after: now, diff: metaAsShown(config, before, now) + diffAsShown(config, old, fresh) });
};

function refusal(one: HostPlan): string | undefined {
  const saved = { kind: 'kubelatch-plan', schemaVersion: 1, cluster: 'c', madeAt: '', playbooks: [] } as const;
  try {
    readSavedPlan('p', writeSavedPlan({ ...saved, hosts: [one] }));
  } catch (error) {
    return (error as Error).message;
  }
  return mismatch(one, view, editable)?.reason;
}

it('is carried out as it was made', () => {
  expect(edit.diff).toContain(`${config}: mode 0644 -> 0600`);
  expect(refusal(good)).toBeUndefined();
});

const evil = `${fresh}staticPodPath: /tmp\n`;
describe('by the plan alone, a plan is refused', () => {
  it.each<[string, HostPlan, RegExp]>([
    ['whose text is another one', withEdit({ text: evil }), /config\.yaml: the text does not match its sha256/],
    [
      'whose text adds to its diff',
      withEdit({
        text: fresh.replace('0\n', '0\nx: 1\n'),
        after: { ...edit.after, sha256: sha256Of(fresh.replace('0\n', '0\nx: 1\n')) },
      }),
      /the diff does not match the text/,
    ],
    ['without its diff', withEdit({ diff: '' }), /the diff does not/],
    [
      'with a new file of which it shows a part',
      { ...good, edits: [{ ...created('/etc/x', 'a\nb\n'), diff: diffAsShown('/etc/x', undefined, 'a\n') }] },
      /the diff does not match the text/,
    ],
    [
      'whose diff is of another file',
      withEdit({ diff: edit.diff.replaceAll(config, '/etc/motd') }),
      /the diff does not/,
    ],
    [
      'that hides a change of mode',
      withEdit({ diff: diffAsShown(config, old, fresh), action: 'edit' }),
      /the diff does not/,
    ],
    ['with a setuid file', becoming({ mode: '4755' }), /mode 4755 has a setuid, setgid or sticky bit/],
    ['with a setgid file', becoming({ mode: '02755' }), /setuid, setgid or sticky/],
    ['with a sticky file', becoming({ mode: '1600' }), /setuid, setgid or sticky/],
    [
      'with a file that everybody may write',
      becoming({ mode: '0666' }),
      /mode 0666 makes the file writable for everyone/,
    ],
    ['that gives a file away', becoming({ uid: 1000, owner: 'eve:root' }), /would belong to eve:root \(1000:0\)/],
    ['that gives it away under the name of root', becoming({ uid: 1000 }), /would belong to root:root \(1000:0\)/],
    [
      'with a path that climbs',
      { ...good, edits: [created('/etc/kubernetes/../cron.d/x', 'x\n')] },
      /not in its normal form/,
    ],
    ['with a path of two slashes', { ...good, edits: [created('/etc//cron.d/x', 'x\n')] }, /not in its normal form/],
    ['with a folder for a path', { ...good, edits: [created('/etc/cron.d/', 'x\n')] }, /not in its normal form/],
    ['with the same file twice', { ...good, edits: [edit, edit] }, /the same file is edited twice/],
    ['that changes without a restart, and so without a proof', { ...good, restart: false }, /does not restart it/],
  ])('%s', (_, one, why) => {
    expect(refusal(one)).toMatch(why);
  });
});

describe('by the node, a plan is refused', () => {
  const otherLine = old.replace('10255', '10256');
  it.each<[string, HostPlan, RegExp]>([
    [
      'with an added edit',
      { ...good, edits: [edit, created('/etc/cron.d/kubelet-gc', '* * * * * root id\n')] },
      /^\/etc\/cron\.d\/kubelet-gc: kubelatch never changes the content/,
    ],
    [
      'with a key of its own for root',
      { ...good, edits: [created('/root/.ssh/authorized_keys', 'k\n')] },
      /kubelatch never changes/,
    ],
    [
      'with another unit',
      { ...good, edits: [created('/etc/systemd/system/other.service', '[Service]\n')] },
      /never changes/,
    ],
    [
      'with a folder that no set-up has',
      { ...good, edits: [created('/etc/new/folder/x.conf', 'x\n')] },
      /never changes/,
    ],
    [
      'that lies about a line that it takes away',
      withEdit({ diff: edit.diff.replace('-readOnlyPort: 10255', '-readOnlyPort: 10256') }),
      /the diff in the plan does not match the planned text/,
    ],
    [
      'with a change outside of its hunks',
      (() => {
        const text = fresh.replace(/# more\n$/, '# less\n');
        return withEdit({ text, after: { ...edit.after, sha256: sha256Of(text) } });
      })(),
      /the diff in the plan does not match the planned text/,
    ],
    [
      'made on another file',
      withEdit({
        before: { ...before, sha256: sha256Of(otherLine) },
        diff: metaAsShown(config, before, edit.after) + diffAsShown(config, otherLine, fresh),
      }),
      /config\.yaml changed since the plan was made/,
    ],
    ['for a file of another owner', withEdit({ before: { ...before, uid: 7 } }), /changed since/],
    [
      'of another distribution',
      { ...good, distro: 'k3s' },
      /the plan is for k3s in kubelet\.service, but the node runs systemd/,
    ],
    ['of another unit', { ...good, unit: 'sshd.service' }, /the plan is for systemd in sshd\.service/],
    [
      'that watches a different process',
      { ...good, watch: { ...setup.watch, logPath: '/etc/shadow' } },
      /watches a different process/,
    ],
    [
      'that leaves out what the kubelet reads',
      { ...good, sources: [] },
      /the kubelet reads .*kubelet\.service, but the plan does not record its state/,
    ],
  ])('%s', (_, one, why) => {
    expect(refusal(one)).toMatch(why);
  });

  it('with a file that was added or removed since', () => {
    const own = created('/etc/systemd/system/kubelet.service.d/zz-kubelatch.conf', '[Service]\n');
    expect(mismatch({ ...good, edits: [own] }, view, editable)?.reason).not.toMatch(/changed since/);
    const there = { ...facts, files: new Map(facts.files).set(own.path, fileOf(own.path, 'x')) };
    expect(mismatch({ ...good, edits: [own] }, { ...view, facts: there }, editable)?.reason).toMatch(/changed since/);
    const gone = { ...facts, files: new Map(facts.files).set(config, { kind: 'absent', path: config } as const) };
    expect(mismatch(good, { ...view, facts: gone }, editable)?.reason).toMatch(/changed since/);
  });

  it('though the node says that the hash of other bytes is the one of the plan', () => {
    const lie = fileOf(config, `${old}# x\n`, { sha256: before.sha256 });
    const there = { ...facts, files: new Map(facts.files).set(config, lie) };
    expect(mismatch(good, { ...view, facts: there }, editable)?.reason).toMatch(/changed since/);
  });
});

it('takes an edit through a link, at its end', () => {
  const file = fileOf(config, old, { linkTarget: '/data/kubelet.yaml' });
  const linked = { ...facts, files: new Map(facts.files).set(config, file) };
  const edits = editsBetween(linked, withText(linked, unit, { path: config, text: fresh }));
  expect(edits.map(({ path }) => path)).toEqual(['/data/kubelet.yaml']);
  const own = distro.editable(linked, setup);
  expect(mismatch({ ...good, edits }, { ...view, facts: linked }, own)).toBeUndefined();
  expect(mismatch({ ...good, edits }, view, editable)?.reason).toMatch(/kubelatch never changes/);
});

it('fits a diff in which values are hidden, and none in which something else is', () => {
  const shown = edit.diff.replace('+readOnlyPort: 0', '+readOnlyPort: ***');
  expect(editFault({ ...edit, diff: shown })).toBeUndefined();
  expect(editFault({ ...edit, diff: shown.replace('+readOnlyPort', '+address') })).toMatch(/does not match the text/);
});

it.each(['', 'a', 'a\n', 'a\r\nb\r\n', 'x\n\n\n', '@@ -1,1 +1,1 @@\n+++ b\n--- c\n'])(
  'fits what is made of %j',
  (text) => {
    for (const from of ['', 'a', 'b\n', 'x\ny\n\\ z\n', '- a\n+ b\n', text]) {
      const sums = { before: { ...before, sha256: sha256Of(from) }, after: { ...before, sha256: sha256Of(text) } };
      const made: FileEdit = { path: config, action: 'edit', ...sums, text, diff: diffAsShown(config, from, text) };
      expect(editFault(made)).toBeUndefined();
    }
  },
);

it('keeps the state of a file as the node tells it', () => {
  const file = facts.files.get(config);
  expect(file?.kind === 'file' && stateOf(file)).toEqual(before);
});
