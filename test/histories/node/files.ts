/** The files of a simulated node that a change is about: before, and as each run wants them. */
import { createHash } from 'node:crypto';
import type { FileEdit } from '../../../src/plan/file-edit.js';
import type { Disk } from './disk.js';
import type { Files } from './kubelet.js';

export const configPath = '/var/lib/kubelet/config.yaml';
export const dropInPath = '/etc/systemd/system/kubelet.service.d/90-hardening.conf';
export const kubeconfigPath = '/etc/kubernetes/kubelet.conf';

/** How the kubelet fares with the new configuration. */
export type Quality = 'good' | 'crashes' | 'sick';

export interface ChangeShape {
  readonly createsDropIn: boolean;
  readonly changesMode: boolean;
  readonly quality: Quality;
  /** Told apart by this number: two runs write different files. */
  readonly number: number;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const oldConfig = 'kind: KubeletConfiguration\nauthentication:\n  anonymous:\n    enabled: true\n';
const fault: Readonly<Record<Quality, string>> = { good: '', crashes: 'crash: true\n', sick: 'sick: true\n' };

const newConfig = ({ quality, number }: ChangeShape): string =>
  `kind: KubeletConfiguration\nauthentication:\n  anonymous:\n    enabled: false\nrun: ${number}\n${fault[quality]}`;
const dropIn = ({ number }: ChangeShape): string => `[Service]\nEnvironment=RUN=${number}\n`;

export const oldFiles: Files = { config: oldConfig, dropIn: undefined, mode: 0o644 };

export const newFiles = (shape: ChangeShape): Files => ({
  config: newConfig(shape),
  dropIn: shape.createsDropIn ? dropIn(shape) : undefined,
  mode: shape.changesMode ? 0o600 : 0o644,
});

export const sameFiles = (left: Files, right: Files): boolean =>
  left.config === right.config && left.dropIn === right.dropIn && left.mode === right.mode;

export function installFiles(disk: Disk): void {
  disk.install(configPath, oldConfig, 0o640);
  disk.install(kubeconfigPath, 'kubeconfig\n', 0o644);
  disk.folders('/etc/systemd/system/multi-user.target.wants');
  disk.folders('/var/lib');
  disk.folders('/proc/self/fd');
}

const owner = { uid: 0, gid: 0, owner: 'root:root' };

/** The edits of a plan that was made when the files were the old ones. */
export function editsOf(shape: ChangeShape): readonly FileEdit[] {
  const text = newConfig(shape);
  const config: FileEdit = {
    path: configPath,
    action: 'edit',
    before: { sha256: sha256(oldConfig), mode: '0640', ...owner },
    after: { sha256: sha256(text), mode: '0640', ...owner },
    text,
    diff: '-',
  };
  const made: FileEdit = {
    path: dropInPath,
    action: 'create',
    before: null,
    after: { sha256: sha256(dropIn(shape)), mode: '0644', ...owner },
    text: dropIn(shape),
    diff: '+',
  };
  const mode: FileEdit = {
    path: kubeconfigPath,
    action: 'mode',
    before: { mode: '0644', ...owner },
    after: { mode: '0600', ...owner },
    diff: 'mode',
  };
  return [config, ...(shape.createsDropIn ? [made] : []), ...(shape.changesMode ? [mode] : [])];
}
