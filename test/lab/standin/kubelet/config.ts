// The effective KubeletConfiguration: defaults, then --config, then --config-dir, then flags; and what configz shows of it.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { parseDuration } from '../go-duration.js';
import { at, isObject, mergePatch, objectOf, put, text, textsOf, type Json, type JsonObject } from '../json.js';
import * as klog from '../klog.js';
import { decodeConfigFile, decodeDropIn, foldCase, pickFields } from './decode.js';
import { checkFeatureGates } from './feature-gates.js';
import { fields, type Field } from './fields.js';
import type { CommandLine } from './flags.js';

const relativePaths = [
  'staticPodPath',
  'tlsCertFile',
  'tlsPrivateKeyFile',
  'resolvConf',
  'authentication.x509.clientCAFile',
];

function isZero(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false || value === '0s')
    return true;
  return isObject(value) && Object.keys(value).length === 0;
}

/** keepZero: after drop-ins only what is missing is filled, so an explicit zero survives. */
function withDefaults(config: JsonObject, legacy: boolean, keepZero = false): JsonObject {
  const result: JsonObject = {};
  for (const field of fields) {
    const fallback = legacy && field.legacy !== undefined ? field.legacy : field.fallback;
    const value = at(config, ...field.path);
    const unset = keepZero || field.presence === 'pointer' ? value === undefined : isZero(value);
    const chosen = unset ? fallback : value;
    if (chosen !== undefined) put(result, field.path, structuredClone(chosen));
  }
  // A status period of one's own is also the period of reports, unless that is set too.
  const period = config['nodeStatusUpdateFrequency'];
  if (!isZero(period) && isZero(config['nodeStatusReportFrequency']))
    result['nodeStatusReportFrequency'] = period ?? '';
  return result;
}

/** Relative paths in a file are meant from that file's folder. */
function resolvePaths(config: JsonObject, folder: string): void {
  for (const name of relativePaths) {
    const path = name.split('.');
    const value = text(at(config, ...path));
    if (value !== '' && !isAbsolute(value)) put(config, path, join(folder, value));
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    const missing = (thrown as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Error(`open ${path}: ${missing ? 'no such file or directory' : klog.reason(thrown)}`, { cause: thrown });
  }
}

function loadFile(path: string): JsonObject {
  const wrap = (why: string): Error =>
    new Error(
      `failed to load kubelet config file, path: ${path}, error: failed to load Kubelet config file ${path}, error ${why}`,
    );
  let source: string;
  try {
    source = readText(path);
  } catch (thrown) {
    throw wrap(`failed to read kubelet config file ${JSON.stringify(path)}, error: ${klog.reason(thrown)}`);
  }
  if (source === '') throw wrap(`kubelet config file ${JSON.stringify(path)} was empty`);
  try {
    const { config, strictErrors } = decodeConfigFile(source);
    if (strictErrors.length > 0) {
      const err = `strict decoding error: ${strictErrors.join(', ')}`;
      klog.info('configfile.go:181', 'Using lenient decoding as strict decoding failed', { err });
    }
    resolvePaths(config, dirname(resolve(path)));
    return withDefaults(config, false);
  } catch (thrown) {
    throw wrap(`failed to decode: ${klog.reason(thrown)}`);
  }
}

function walk(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : path.endsWith('.conf') ? [path] : [];
  });
}

function mergeDropIns(base: JsonObject, folder: string, legacy: boolean): JsonObject {
  const fail = (why: string): Error => new Error(`failed to merge kubelet configs: ${why}`);
  let paths: string[];
  try {
    paths = walk(folder);
  } catch {
    throw fail(
      `failed to walk through kubelet dropin directory ${JSON.stringify(folder)}: lstat ${folder}: no such file or directory`,
    );
  }
  let merged: Json = base;
  for (const path of paths) {
    try {
      const dropIn = decodeDropIn(readText(path));
      resolvePaths(dropIn, dirname(resolve(path)));
      merged = mergePatch(merged, dropIn);
    } catch (thrown) {
      throw fail(
        `failed to walk through kubelet dropin directory ${JSON.stringify(folder)}: failed to load kubelet dropin file, path: ${path}, error: ${klog.reason(thrown)}`,
      );
    }
  }
  try {
    return withDefaults(pickFields(foldCase(objectOf(merged))), legacy, true);
  } catch (thrown) {
    throw fail(`failed to unmarshal merged JSON into kubelet configuration: ${klog.reason(thrown)}`);
  }
}

function applyFlags(config: JsonObject, settings: JsonObject): void {
  for (const field of fields) {
    const value = at(settings, ...field.path);
    if (value === undefined) continue;
    const before = at(config, ...field.path);
    const gates = field.path[0] === 'featureGates';
    // seccompDefault is the flag OR the field.
    if (field.flag === 'seccomp-default' && before === true) continue;
    put(config, field.path, gates ? { ...objectOf(before), ...objectOf(value) } : value);
  }
}

function validate(config: JsonObject): void {
  const problems: string[] = [];
  const number = (name: string): number => Number(config[name] ?? 0);
  const between = (name: string, flag: string, low: number): void => {
    if (number(name) >= low && number(name) <= 65535) return;
    problems.push(
      `invalid configuration: ${name} (--${flag}) ${number(name)} must be between ${low} and 65535, inclusive`,
    );
  };
  between('port', 'port', 1);
  between('readOnlyPort', 'read-only-port', 0);
  between('healthzPort', 'healthz-port', 0);
  if (number('nodeLeaseDurationSeconds') <= 0)
    problems.push('invalid configuration: nodeLeaseDurationSeconds must be greater than 0');
  if (number('eventRecordQPS') < 0)
    problems.push(
      `invalid configuration: eventRecordQPS (--event-qps) ${number('eventRecordQPS')} must not be a negative number`,
    );
  if (number('maxPods') < 0)
    problems.push(`invalid configuration: maxPods (--max-pods) ${number('maxPods')} must not be a negative number`);
  if (config['serverTLSBootstrap'] === true && at(config, 'featureGates', 'RotateKubeletServerCertificate') === false) {
    problems.push(
      'invalid configuration: serverTLSBootstrap true requires feature gate RotateKubeletServerCertificate',
    );
  }
  if (problems.length > 0) throw new Error(`failed to validate kubelet configuration, error: ${problems.join(', ')}`);
}

/** Throws with the kubelet's words where the real one would end. Logs what it would log. */
export function effectiveConfig(line: CommandLine, alphaDropIns: boolean): JsonObject {
  const file = line.plain['config'] ?? '';
  const folder = line.plain['config-dir'] ?? '';
  let config = file === '' ? withDefaults({}, true) : loadFile(file);
  if (folder !== '') {
    if (!alphaDropIns)
      throw new Error(
        'flag config-dir specified but environment variable KUBELET_CONFIG_DROPIN_DIR_ALPHA not set, cannot start kubelet',
      );
    config = mergeDropIns(config, folder, file === '');
  }
  applyFlags(config, line.settings);
  checkFeatureGates(objectOf(config['featureGates']));
  validate(config);
  return config;
}

export function milliseconds(config: JsonObject, ...path: readonly string[]): number {
  return parseDuration(text(at(config, ...path))) ?? 0;
}

export function texts(config: JsonObject, name: string): string[] {
  return textsOf(config[name]);
}

function shown(field: Field, value: Json | undefined): Json | undefined {
  if (field.presence === 'pointer') return value;
  if (field.presence === 'omit')
    return isZero(value) || (Array.isArray(value) && value.length === 0) ? undefined : value;
  return value ?? (field.kind === 'dur' ? '0s' : field.kind === 'str' ? '' : null);
}

/** The configz document, fields in the real one's order; zero values of "omitempty" fields left out. */
export function configz(config: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const field of fields) {
    const value = shown(field, at(config, ...field.path));
    if (value !== undefined) put(result, field.path, value);
    // A group is there even when none of its fields is shown.
    else if (field.path.length === 3 && at(result, ...field.path.slice(0, 2)) === undefined)
      put(result, field.path.slice(0, 2), {});
  }
  return { kubeletconfig: result };
}
