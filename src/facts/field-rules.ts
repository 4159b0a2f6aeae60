/** Limits on field values beyond their type: pkg/kubelet/apis/config/validation, and what the kubelet rejects at start. */
import { isIP } from 'node:net';
import { goDuration } from '../lib/go-duration.js';
import { isQuantity } from './field-type.js';
import { type Value, isRecord } from './value.js';

/** `crypto/tls` of Go 1.26, CipherSuites and InsecureCipherSuites, and two older names of the kubelet (component-base cli/flag). */
const cipherSuites: ReadonlySet<string> = new Set(
  `TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 TLS_ECDHE_ECDSA_WITH_RC4_128_SHA
  TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305 TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 TLS_ECDHE_RSA_WITH_RC4_128_SHA
  TLS_RSA_WITH_3DES_EDE_CBC_SHA TLS_RSA_WITH_AES_128_CBC_SHA TLS_RSA_WITH_AES_128_CBC_SHA256 TLS_RSA_WITH_AES_128_GCM_SHA256
  TLS_RSA_WITH_AES_256_CBC_SHA TLS_RSA_WITH_AES_256_GCM_SHA384 TLS_RSA_WITH_RC4_128_SHA`.split(/\s+/),
);

const signals =
  `memory.available allocatableMemory.available nodefs.available nodefs.inodesFree imagefs.available imagefs.inodesFree
  containerfs.available containerfs.inodesFree pid.available`.split(/\s+/);
const enforcements = [
  'pods',
  'system-reserved',
  'kube-reserved',
  'system-reserved-compressible',
  'kube-reserved-compressible',
  'none',
];
const reservable = ['cpu', 'memory', 'ephemeral-storage', 'pid'];

const checks: Readonly<Record<string, (value: Value) => string | undefined>> = {
  suites: (value) =>
    eachOf(value, (one) =>
      cipherSuites.has(one) ? undefined : `contains ${quoted(one)}, which is not a cipher suite of Go`,
    ),
  ip: (value) => (isIP(textOf(value)) === 0 ? `is ${quoted(value)}, not an IP address` : undefined),
  quantity: (value) => (isQuantity(value) ? undefined : `is ${quoted(value)}, not a quantity such as 10Mi`),
  enforce: (value) =>
    eachOf(value, (one) =>
      enforcements.includes(one) ? undefined : `contains ${quoted(one)}, not one of ${enforcements.join(', ')}`,
    ),
  thresholds: (value) =>
    eachPair(value, signals, (text) => (isThreshold(text) ? undefined : 'not an amount above 0 such as 100Mi or 10%')),
  reclaims: (value) =>
    eachPair(value, signals, (text) => (isAmount(text) ? undefined : 'not an amount such as 100Mi or 10%')),
  grace: (value) =>
    eachPair(value, signals, (text) => ((goDuration(text) ?? -1) >= 0 ? undefined : 'not a duration such as 30s')),
  reserved: (value) =>
    eachPair(value, reservable, (text) =>
      isQuantity(text) && !text.startsWith('-') ? undefined : 'not a quantity such as 100m',
    ),
};

/** How a value breaks its field's rule, such as `is 200, not from 0 to 100`. Undefined if the value is valid. */
export function brokenRule(rule: string, value: Value): string | undefined {
  const check = Object.hasOwn(checks, rule) ? checks[rule] : undefined;
  if (check !== undefined) return check(value);
  const choices = /^\{(.*)\}$/.exec(rule)?.[1]?.split('|');
  if (choices !== undefined) {
    const wanted = choices.filter((one) => one !== '').join(', ');
    return choices.includes(textOf(value)) ? undefined : `is ${quoted(value)}, not one of ${wanted}`;
  }
  const [least = '', most = ''] = rule.split('..');
  const number = typeof value === 'string' ? goDuration(value) : typeof value === 'number' ? value : undefined;
  if (number === undefined) return undefined;
  const fits = number >= Number(least) && (most === '' || number <= Number(most));
  const unit = typeof value === 'string' ? ' ms' : '';
  return fits
    ? undefined
    : `is ${quoted(value)}, not ${most === '' ? `${least} or more` : `from ${least} to ${most}`}${unit}`;
}

const textOf = (value: Value): string =>
  typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value);
const quoted = (value: Value): string => JSON.stringify(value).slice(0, 80);

function eachOf(value: Value, problem: (one: string) => string | undefined): string | undefined {
  for (const one of Array.isArray(value) ? (value as readonly Value[]) : []) {
    const found = problem(textOf(one));
    if (found !== undefined) return found;
  }
  return undefined;
}

function eachPair(
  value: Value,
  names: readonly string[],
  problem: (text: string) => string | undefined,
): string | undefined {
  for (const [name, one] of Object.entries(isRecord(value) ? value : {})) {
    if (!names.includes(name)) return `contains ${quoted(name)}, not one of ${names.join(', ')}`;
    const found = problem(textOf(one));
    if (found !== undefined) return `has ${name} ${quoted(one)}: ${found}`;
  }
  return undefined;
}

const percent = (text: string): number | undefined => {
  const digits = /^([+-]?\d{0,20}(?:\.\d{0,20})?)%+$/.exec(text)?.[1];
  return digits === undefined || !/\d/.test(digits) ? undefined : Number(digits);
};

function isThreshold(text: string): boolean {
  const share = percent(text);
  if (share !== undefined) return share >= 0 && share <= 100;
  return isQuantity(text) && /[1-9]/.test(text.replace(/[eE][+-]?\d+$/, '')) && !text.startsWith('-');
}

function isAmount(text: string): boolean {
  const share = percent(text);
  return share === undefined ? isQuantity(text) && !text.startsWith('-') : share > 0;
}
