// The kubelet's command line as pflag reads it: which flags exist, how their values parse, which setting each one stands for.
import { formatDuration, parseDuration } from '../go-duration.js';
import type { Json, JsonObject } from '../json.js';
import { put } from '../json.js';
import { fields, type Field } from './fields.js';

// Flags without a field in KubeletConfiguration, of 1.20 and later.
const plainBools = `add-dir-header alsologtostderr containerized enable-cadvisor-json-endpoints enable-load-reader
 experimental-allocatable-ignore-eviction experimental-check-node-capabilities-before-mount experimental-kernel-memcg-notification
 experimental-mounter-enable help keep-terminated-pod-volumes log-cadvisor-usage logtostderr
 really-crash-for-testing redirect-container-streaming register-schedulable skip-headers
 skip-log-headers storage-driver-secure one-output`.split(/\s+/);
const plainTexts =
  `application-metrics-count-limit azure-container-registry-config boot-id-file bootstrap-checkpoint-path
 bootstrap-kubeconfig cert-dir chaos-chance cloud-config cloud-provider cni-bin-dir cni-cache-dir cni-conf-dir config
 config-dir container-hints container-runtime containerd containerd-namespace docker
 docker-endpoint docker-env-metadata-whitelist docker-only docker-root docker-tls docker-tls-ca docker-tls-cert docker-tls-key
 dynamic-config-dir event-storage-age-limit event-storage-event-limit experimental-bootstrap-kubeconfig
 experimental-dockershim-root-directory experimental-mounter-path exit-on-lock-contention global-housekeeping-interval
 host-ipc-sources host-network-sources host-pid-sources hostname-override housekeeping-interval image-credential-provider-bin-dir
 image-credential-provider-config image-pull-progress-deadline init-config-dir kubeconfig lock-file log-backtrace-at log-dir
 log-file log-file-max-size log-flush-frequency log-json-info-buffer-size log-json-split-stream log-text-info-buffer-size
 log-text-split-stream logging-format machine-id-file manifest-url-header master-service-namespace max-container-count
 maximum-dead-containers maximum-dead-containers-per-container minimum-container-ttl-duration network-plugin network-plugin-mtu
 node-ip node-labels non-masquerade-cidr pod-infra-container-image root-dir runtime-cgroups
 seccomp-profile-root stderrthreshold storage-driver-buffer-duration storage-driver-db storage-driver-host
 storage-driver-password storage-driver-table storage-driver-user v version vmodule`.split(/\s+/);
const removedIn: Readonly<Record<string, number>> = { 'pod-infra-container-image': 35 };

export interface CommandLine {
  /** Flags without a configuration field, last one wins. */
  readonly plain: Readonly<Record<string, string>>;
  /** KubeletConfiguration as far as flags say it. */
  readonly settings: JsonObject;
  readonly deprecated: readonly string[];
}

const byFlag = new Map<string, Field>();
for (const field of fields) if (field.flag !== undefined) byFlag.set(field.flag, field);
const bools = new Set([
  ...plainBools,
  ...fields.flatMap((field) => (field.kind === 'bool' && field.flag ? [field.flag] : [])),
]);
const known = new Set([...plainBools, ...plainTexts, ...byFlag.keys()]);

function invalid(name: string, value: string, why: string): Error {
  return new Error(`invalid argument ${JSON.stringify(value)} for "--${name}" flag: ${why}`);
}

function parseGoBool(source: string): boolean | undefined {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(source)) return true;
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(source) ? false : undefined;
}

function parseMap(name: string, value: string, bool: boolean): JsonObject {
  const result: JsonObject = {};
  for (const part of value.split(',').filter((piece) => piece !== '')) {
    const split = /^([^=<]+)[=<](.*)$/.exec(part);
    if (!split) throw invalid(name, value, `malformed pair, expect string=${bool ? 'bool' : 'string'}`);
    const key = (split[1] ?? '').trim();
    const raw = (split[2] ?? '').trim();
    const flag = parseGoBool(raw);
    if (bool && flag === undefined)
      throw invalid(
        name,
        value,
        `invalid value of ${key}: ${raw}, err: strconv.ParseBool: parsing ${JSON.stringify(raw)}: invalid syntax`,
      );
    result[key] = bool ? (flag ?? false) : raw;
  }
  return result;
}

function parseValue(name: string, field: Field, value: string): Json {
  switch (field.kind) {
    case 'bool': {
      const parsed = parseGoBool(value);
      if (parsed === undefined)
        throw invalid(name, value, `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
      return parsed;
    }
    case 'int':
      if (!/^[+-]?\d+$/.test(value))
        throw invalid(name, value, `strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
      return Number(value);
    case 'float':
      return Number(value);
    case 'dur': {
      const parsed = parseDuration(value);
      if (parsed === undefined) throw invalid(name, value, `time: invalid duration ${JSON.stringify(value)}`);
      return formatDuration(parsed);
    }
    case 'list':
      return value === '' ? [] : value.split(',');
    case 'map':
      return parseMap(name, value, name === 'feature-gates');
    case 'str':
    case 'any':
      return value;
  }
}

interface Word {
  readonly name: string;
  readonly value: string;
}

function normal(name: string): string {
  return name.replaceAll('_', '-');
}

function readWords(args: readonly string[], minor: number): Word[] {
  const words: Word[] = [];
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    if (!arg.startsWith('-') || arg === '-') throw new Error(`unknown command ${arg}`);
    const short = !arg.startsWith('--');
    const match = /^--?([^=]*)(?:=([\s\S]*))?$/.exec(arg);
    const written = match?.[1] ?? '';
    const name = short && written === 'h' ? 'help' : normal(written);
    if (short && name !== 'help' && name !== 'v')
      throw new Error(`failed to parse kubelet flag: unknown shorthand flag: '${written.charAt(0)}' in ${arg}`);
    if (!known.has(name) || (removedIn[name] ?? Infinity) <= minor)
      throw new Error(`failed to parse kubelet flag: unknown flag: --${written}`);
    let value = match?.[2];
    if (value === undefined && bools.has(name)) value = 'true';
    if (value === undefined && name === 'version') value = 'true';
    if (value === undefined) {
      i += 1;
      value = args[i];
    }
    if (value === undefined) throw new Error(`failed to parse kubelet flag: flag needs an argument: --${written}`);
    words.push({ name, value });
  }
  return words;
}

/** Throws with the kubelet's own words. */
export function parseCommandLine(args: readonly string[], minor: number): CommandLine {
  const plain: Record<string, string> = {};
  const settings: JsonObject = {};
  const seen = new Map<string, Json>();
  const deprecated: string[] = [];
  for (const { name, value } of readWords(args, minor)) {
    const field = byFlag.get(name);
    if (field === undefined) {
      plain[name] = value;
      continue;
    }
    let parsed: Json;
    try {
      parsed = parseValue(name, field, value);
    } catch (thrown) {
      throw new Error(`failed to parse kubelet flag: ${(thrown as Error).message}`, { cause: thrown });
    }
    // Lists and maps accumulate over several uses of one flag.
    const before = seen.get(name);
    if (Array.isArray(before) && Array.isArray(parsed)) parsed = [...before, ...parsed];
    else if (field.kind === 'map') parsed = { ...(before as JsonObject | undefined), ...(parsed as JsonObject) };
    seen.set(name, parsed);
    put(settings, field.path, parsed);
    deprecated.push(name);
  }
  return { plain, settings, deprecated: [...new Set(deprecated)] };
}
