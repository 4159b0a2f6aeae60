/** Decides which values of a configuration file may be shown: only those of settings known to hold no secret. All others become
 * `***`. Pure.
 */
import { filterPath, loadLine } from '../filter/packet-filter.js';
import { redact } from '../lib/redact.js';
import { fields } from './kubelet-fields.js';
import { kubeletFlag } from './kubelet-flag-table.js';

const mask = '***';

/** HTTP headers for the static pod URL. They may contain credentials. */
const secretFields = new Set(['staticPodURLHeader']);
const secretFlags = new Set(['manifest-url-header']);

/** Keys of a supervisor's configuration that hold no secret. List items are shown only if they are harmless by themselves. */
const supervisorKeys = `debug v vmodule alsologtostderr token-file agent-token-file data-dir node-name with-node-id
  image-credential-provider-bin-dir image-credential-provider-config container-runtime-endpoint default-runtime snapshotter
  disable-default-registry-endpoint nonroot-devices node-ip node-external-ip resolv-conf protect-kernel-defaults selinux
  lb-server-port bind-address enable-pprof advertise-address tls-san-security disable-agent cluster-cidr service-cidr
  cluster-reset cluster-dns cluster-domain write-kubeconfig write-kubeconfig-mode write-kubeconfig-group disable-scheduler
  disable-cloud-controller disable-kube-proxy disable-apiserver disable-controller-manager disable-etcd etcd-disable-snapshots
  etcd-snapshot-retention etcd-snapshot-dir etcd-snapshot-compress embedded-registry supervisor-metrics egress-selector-mode
  secrets-encryption service-node-port-range etcd-expose-metrics etcd-s3 etcd-s3-insecure etcd-s3-skip-ssl-verify docker
  rootless prefer-bundled-bin disable-selinux no-flannel https-listen-port supervisor-port apiserver-port
  apiserver-bind-address advertise-port cluster-init flannel-backend flannel-ipv6-masq flannel-external-ip flannel-iface
  disable-network-policy disable-helm-controller kubelet-path cloud-provider-name profile audit-policy-file
  pod-security-admission-config-file cni ingress-controller enable-servicelb`.split(/\s+/);

const kubeletKeys = fields
  .filter(({ path }) => !path.includes('[]') && !secretFields.has(path))
  .flatMap(({ path }) => path.split('.'));
const knownKeys: ReadonlySet<string> = new Set(['apiVersion', 'kind', ...supervisorKeys, ...kubeletKeys]);

/** Unit directives that hold no secret. Others are parsed as a command or masked. */
const directives = new Set(
  `Description Documentation After Before Wants Requires BindsTo PartOf Conflicts WantedBy RequiredBy Alias Type Restart RestartSec
  StartLimitInterval StartLimitIntervalSec StartLimitBurst KillMode KillSignal Delegate LimitNOFILE LimitNPROC LimitCORE TasksMax
  TimeoutStartSec TimeoutStopSec OOMScoreAdjust Slice CPUAccounting MemoryAccounting EnvironmentFile WorkingDirectory User Group
  StandardOutput StandardError Nice RemainAfterExit UMask IPAddressAllow IPAddressDeny IPAccounting`.split(/\s+/),
);

/** A line of the file with secret values masked. */
export function maskedLine(path: string, line: string): string {
  if (/^\s*$/.test(line)) return line;
  const comment = /^(\s*(?:[#;]|\/\/)+ ?)(.*)$/.exec(line);
  if (comment !== null) return commentLine(comment[1] ?? '', comment[2] ?? '');
  // What stands there is addresses and ports, and one line of its own loads it.
  if (path === filterPath || line === loadLine) return redact(line);
  if (/\/sysctl(\.d\/.*)?\.conf$/.test(path)) return redact(line);
  if (/\.(service|conf)$/.test(path) && path.includes('/systemd/')) return redact(unitLine(line));
  return redact(/\.(ya?ml|json|conf)(\.|$)/i.test(path) ? yamlLine(line) : environmentLine(line));
}

/** Comments that kubelatch wrote are shown. Others may quote secrets. */
const commentLine = (sign: string, text: string): string =>
  text === '' || text.startsWith('Written by kubelatch') ? sign + text : `${sign}${mask}`;

function environmentLine(line: string): string {
  const [, start = '', text = ''] = /^(\s*(?:export\s+)?[A-Za-z_]\w{0,200}=)?([\s\S]*)$/.exec(line) ?? [];
  return start + maskedWords(text);
}

function unitLine(line: string): string {
  if (/^\s*\[[A-Za-z]{1,40}\]\s*$/.test(line)) return line;
  const [, start = '', key = '', text = ''] = /^(\s*([A-Za-z]{1,60})\s*=)([\s\S]*)$/.exec(line) ?? [];
  if (start === '') return maskedWords(line);
  if (directives.has(key) || text.trim() === '') return line;
  if (key === 'Environment') {
    const [, name = '', words = ''] = /^(\s*["']?(?:[A-Za-z_]\w{0,200}=)?)([\s\S]*)$/.exec(text) ?? [];
    return start + name + maskedWords(words);
  }
  return start + (key.startsWith('Exec') ? commandLine(text) : mask);
}

/** The program is shown if it looks like a path. */
function commandLine(text: string): string {
  const [, program = '', words = ''] = /^(\s*[-@:+!|]*[/\w.-]*)([\s\S]*)$/.exec(text) ?? [];
  return program + maskedWords(words);
}

/** Masks arguments: kubelet flags are shown with their values, other flags by name only, other words not at all. */
export function maskedWords(text: string): string {
  let expectsValue = false;
  return text.replace(/[^ \t]+/g, (word) => {
    const isValue = expectsValue;
    expectsValue = false;
    if (/^["'\\]+$/.test(word) || /^["']?\$\{?[A-Za-z_]\w{0,200}\}?["']?$/.test(word)) return word;
    const [, open = '', name = '', equals = '', value = ''] =
      /^(["']*--?)([A-Za-z][\w.-]{0,200})(?:(=)([\s\S]*))?(?:["'\\]*)$/.exec(word) ?? [];
    if (name === '') return isValue && !word.startsWith('-') ? word : mask;
    const flag = shownFlag(name);
    if (equals === '') expectsValue = flag?.takesValue === true;
    if (equals === '' || flag !== undefined) return word;
    return `${open}${name}=${value === '' ? '' : mask}`;
  });
}

/** Whether values of a setting may be shown. `name` is its path, or a flag with dashes. */
export const isShownSetting = (name: string): boolean =>
  name.startsWith('--')
    ? shownFlag(name.slice(2)) !== undefined
    : isKnownKey(name.split('.').at(-1) ?? '') && !secretFields.has(name);

/** Masks an entry of `kubelet-arg`: a flag without its dashes, or whatever else is written there. */
export function maskedArgument(text: string): string {
  if (text.startsWith('-')) return maskedWords(text);
  // A mapping in place of a text.
  const [, key] = /^\[\{([\w-]{1,100}) [\s\S]*\}\]$/.exec(text) ?? [];
  if (key !== undefined) return shownFlag(key) === undefined ? `[{${key} ${mask}}]` : text;
  const [, name = '', rest = ''] = /^([\w.-]*)([\s\S]*)$/.exec(text) ?? [];
  if (rest === '' || shownFlag(name) !== undefined) return text;
  return `${name}${rest.charAt(0)}${rest.length > 1 ? mask : ''}`;
}

const shownFlag = (name: string): ReturnType<typeof kubeletFlag> =>
  secretFlags.has(name) ? undefined : kubeletFlag(name);

function yamlLine(line: string): string {
  const [, start = '', key, text = ''] =
    /^([ \t]*(?:- +)*)(?:("[^"]{0,200}"|'[^']{0,200}'|[\w./-]{1,200}\+?)[ \t]*:(?=[ \t\r]|$))?([\s\S]*)$/.exec(line) ??
    [];
  const named = key === undefined ? start : `${start}${key}:`;
  const [, blank = '', value = '', end = ''] = /^(\s*)([\s\S]*?)(,?\s*)$/.exec(text) ?? [];
  if (/^(?:[{}[\]]*|---|\.\.\.|[|>][-+\d]{0,2})$/.test(value)) return line;
  if (value.startsWith('{') || value.startsWith('[')) return named + blank + flowValue(value, key) + end;
  const isShown = key === undefined ? isPlainItem(value) : isKnownKey(key);
  return `${named}${blank}${isShown ? withoutComment(value) : mask}${end}`;
}

const bare = (text: string): string => text.replace(/^["']|["']$/g, '');
const isKnownKey = (key: string): boolean => knownKeys.has(bare(key).replace(/\+$/, ''));

/** A comment after a value. */
const withoutComment = (value: string): string => value.replace(/(\s#\s*)(?=\S).*$/, `$1${mask}`);

/** Items are checked by their own form, because their key may be outside the diff. */
function isPlainItem(value: string): boolean {
  const text = bare(value);
  if (/^(?:true|false|null|~|-?\d{1,6}|\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,2})?|TLS_[A-Z0-9_]{8,60})$/.test(text))
    return true;
  const [, name = ''] = /^([a-z][a-z0-9-]{0,100})=\S*$/.exec(text) ?? [];
  return shownFlag(name) !== undefined;
}

const flowToken = /("[^"]*"?|'[^']*'?)(\s*:)?|([^\s{}[\],"']+?)(:(?=[\s"'{[]|$))?(?=[\s{}[\],"']|$)/g;

/** Masks `{a: b, c: [d]}`: keys are shown; a value is shown if its key or its own form is known to be harmless. */
function flowValue(text: string, outer: string | undefined): string {
  let known = outer !== undefined && isKnownKey(outer);
  return text.replace(flowToken, (word: string, quoted?: string, colon?: string, plain?: string, sign?: string) => {
    const scalar = quoted ?? plain ?? '';
    if (colon === undefined && sign === undefined) return known || isPlainItem(scalar) ? word : mask;
    known = isKnownKey(scalar);
    return word;
  });
}
