/** Every kubelet flag from 1.29 to 1.36, with and without a field in KubeletConfiguration.
 * Sources: kubernetes cmd/kubelet/app/options (options.go, container_runtime.go, globalflags_linux.go), component-base logs and
 * verflag, and `kubelet --help` of 1.36.2.
 */
import { type FieldType, fields } from './kubelet-fields.js';

export interface KubeletFlag {
  readonly name: string;
  /** How its value is parsed. */
  readonly type: FieldType | 'version' | 'labels';
  /** False for flags that do not take the next argument as their value, such as boolean flags. */
  readonly takesValue: boolean;
  readonly since: number | undefined;
  /** The first minor version without the flag. */
  readonly removedIn: number | undefined;
}

// name type [since=MINOR] [removed=MINOR]
const table = `
application-metrics-count-limit int32
azure-container-registry-config string removed=30
boot-id-file string
bootstrap-kubeconfig string
cert-dir string
cloud-config string removed=34
cloud-provider string
config string
config-dir string
container-hints string
containerd string
containerd-namespace string
enable-load-reader bool
event-storage-age-limit string
event-storage-event-limit string
exit-on-lock-contention bool
experimental-allocatable-ignore-eviction bool
experimental-mounter-path string
global-housekeeping-interval duration
help bool
hostname-override string
housekeeping-interval duration
image-credential-provider-bin-dir string
image-credential-provider-config string
iptables-drop-bit int32 removed=31
iptables-masquerade-bit int32 removed=31
keep-terminated-pod-volumes bool removed=31
kubeconfig string
lock-file string
log-cadvisor-usage bool
log-text-info-buffer-size quantity since=30
log-text-split-stream bool since=30
machine-id-file string
manifest-url-header texts
max-housekeeping-interval duration
maximum-dead-containers int32
maximum-dead-containers-per-container int32
minimum-container-ttl-duration duration
node-ip string
node-labels labels
pod-infra-container-image string removed=35
register-schedulable bool removed=34
root-dir string
runtime-cgroups string
storage-driver-buffer-duration duration
storage-driver-db string
storage-driver-host string
storage-driver-password string
storage-driver-secure bool
storage-driver-table string
storage-driver-user string
version version
`;

const withoutField = table
  .trim()
  .split('\n')
  .map((line): KubeletFlag => {
    const [name = '', type = 'string', ...rest] = line.split(' ');
    const minor = (head: string): number | undefined => {
      const word = rest.find((one) => one.startsWith(head));
      return word === undefined ? undefined : Number(word.slice(head.length));
    };
    return {
      name,
      type: type as KubeletFlag['type'],
      takesValue: type !== 'bool' && type !== 'version',
      since: minor('since='),
      removedIn: minor('removed='),
    };
  });

const byName = new Map<string, KubeletFlag>();
for (const { flag, type, since } of fields) {
  if (flag === undefined) continue;
  byName.set(flag, { name: flag, type, takesValue: type !== 'bool', since, removedIn: undefined });
}
for (const flag of withoutField) byName.set(flag.name, flag);

/** One-letter flags. */
export const shortFlags: ReadonlyMap<string, string> = new Map([
  ['v', 'v'],
  ['h', 'help'],
]);

/** Looks a flag up by name; `_` counts as `-`. Undefined if no kubelet of these versions has it. */
export const kubeletFlag = (name: string): KubeletFlag | undefined => byName.get(name.replaceAll('_', '-'));
export const flagNames = (): Iterable<string> => byName.keys();
