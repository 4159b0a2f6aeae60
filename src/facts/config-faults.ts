/** What would keep a kubelet from starting with the configuration that its files and flags make together. Pure. */
import { goDuration } from '../lib/go-duration.js';
import { type ConfigFault, startFault } from './config-file.js';
import { type KubeletSources, settingAt } from './effective-kubelet.js';
import { gateProblem } from './feature-gates.js';
import { brokenRule } from './field-rules.js';
import { fields } from './kubelet-fields.js';
import { isRecord } from './value.js';

/** All faults: those found while reading the files, wrong types, broken rules, and settings that exclude each other. */
export function configFaults(sources: KubeletSources): ConfigFault[] {
  const { faults, files } = sources;
  const typeFaults = files.typeFaults.map(({ place, message }) => ({ ...place, message }));
  if (typeFaults.length > 0 || faults.length > 0) return [...faults, ...typeFaults];
  return [...ruleFaults(sources), ...pairFaults(sources), ...gateFaults(sources)];
}

function ruleFaults(sources: KubeletSources): ConfigFault[] {
  return fields.flatMap(({ path, rule, since }) => {
    if (rule === undefined || (since !== undefined && sources.minor !== undefined && since > sources.minor)) return [];
    const setting = settingAt(sources, path);
    if (setting === undefined || setting.source.kind === 'default' || setting.value === null) return [];
    const broken = brokenRule(rule, setting.value);
    return broken === undefined ? [] : [startFault(setting.source, `${path} ${broken}`)];
  });
}

/** Pairs of settings that the kubelet refuses together, with the reason. */
const pairs: readonly {
  readonly blamed: string;
  readonly with: string;
  readonly holds: (blamed: unknown, other: unknown) => boolean;
  readonly message: string;
}[] = [
  {
    blamed: 'systemCgroups',
    with: 'cgroupRoot',
    holds: (groups, root) => groups === '' || root !== '',
    message: 'systemCgroups needs cgroupRoot',
  },
  {
    blamed: 'imageGCLowThresholdPercent',
    with: 'imageGCHighThresholdPercent',
    holds: (low, high) => Number(low) < Number(high),
    message: 'imageGCLowThresholdPercent is not below imageGCHighThresholdPercent',
  },
  {
    blamed: 'shutdownGracePeriodCriticalPods',
    with: 'shutdownGracePeriod',
    holds: (critical, all) => milliseconds(critical) <= milliseconds(all),
    message: 'shutdownGracePeriodCriticalPods is longer than shutdownGracePeriod',
  },
  {
    blamed: 'serverTLSBootstrap',
    with: 'featureGates',
    holds: (on, gates) => on !== true || (gates as Record<string, unknown>)['RotateKubeletServerCertificate'] !== false,
    message: 'serverTLSBootstrap needs the feature gate RotateKubeletServerCertificate',
  },
  {
    blamed: 'reservedSystemCPUs',
    with: 'systemReservedCgroup',
    holds: (cpus, group) => cpus === '' || group === '',
    message: 'reservedSystemCPUs cannot be combined with systemReservedCgroup',
  },
  {
    blamed: 'reservedSystemCPUs',
    with: 'kubeReservedCgroup',
    holds: (cpus, group) => cpus === '' || group === '',
    message: 'reservedSystemCPUs cannot be combined with kubeReservedCgroup',
  },
  {
    blamed: 'enforceNodeAllocatable',
    with: 'systemReservedCgroup',
    holds: (list, group) => group !== '' || !holdsAny(list, 'system-reserved'),
    message: 'system-reserved in enforceNodeAllocatable needs systemReservedCgroup',
  },
  {
    blamed: 'enforceNodeAllocatable',
    with: 'kubeReservedCgroup',
    holds: (list, group) => group !== '' || !holdsAny(list, 'kube-reserved'),
    message: 'kube-reserved in enforceNodeAllocatable needs kubeReservedCgroup',
  },
  {
    blamed: 'enforceNodeAllocatable',
    with: 'cgroupsPerQOS',
    holds: (list, perQos) => perQos === true || (Array.isArray(list) && list.every((one) => one === 'none')),
    message: 'enforceNodeAllocatable needs cgroupsPerQOS',
  },
  {
    blamed: 'tlsCipherSuites',
    with: 'tlsMinVersion',
    holds: (suites, least) =>
      !Array.isArray(suites) || suites.length === 0 || least === 'VersionTLS13' || servesHttp2(suites),
    message:
      'tlsCipherSuites has neither TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 nor TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256; HTTP/2 needs one of them',
  },
  {
    blamed: 'evictionSoft',
    with: 'evictionSoftGracePeriod',
    holds: (soft, grace) => Object.keys(soft as object).every((signal) => Object.hasOwn(grace as object, signal)),
    message: 'evictionSoft has a signal without a grace period in evictionSoftGracePeriod',
  },
];

/**
 * golang.org/x/net/http2, ConfigureServer: the server does not start without one of these two suites. Unknown names have a
 * fault of their own.
 */
const servesHttp2 = (suites: readonly unknown[]): boolean =>
  suites.some(
    (one) =>
      typeof one !== 'string' || !one.startsWith('TLS_') || /^TLS_ECDHE_(RSA|ECDSA)_WITH_AES_128_GCM_SHA256$/.test(one),
  );

const milliseconds = (value: unknown): number => (typeof value === 'string' ? (goDuration(value) ?? 0) : 0);
const holdsAny = (list: unknown, start: string): boolean =>
  Array.isArray(list) && list.some((one) => typeof one === 'string' && one.startsWith(start));

function pairFaults(sources: KubeletSources): ConfigFault[] {
  return pairs.flatMap(({ blamed, with: other, holds, message }) => {
    const [first, second] = [settingAt(sources, blamed), settingAt(sources, other)];
    if (first === undefined || second === undefined || holds(first.value, second.value)) return [];
    const place = first.source.kind === 'default' ? second : first;
    return place.source.kind === 'default' ? [] : [startFault(place.source, message)];
  });
}

function gateFaults(sources: KubeletSources): ConfigFault[] {
  const gates = settingAt(sources, 'featureGates');
  if (gates === undefined || !isRecord(gates.value)) return [];
  return Object.entries(gates.value).flatMap(([name, value]) => {
    const problem = gateProblem(name, value, sources.minor);
    const place = sources.files.values.get('featureGates')?.entries?.get(name);
    return problem === undefined ? [] : [{ ...startFault(gates.source, `featureGates ${problem}`), ...(place ?? {}) }];
  });
}
