/** Checks of what a request says by itself: signer, user, subject, usages, key, names and encoding. Pure. */
import type { KnownCluster } from './known-cluster.js';
import type { CheckName, Question, ReadableQuestion, Reason } from './judgement.js';
import { alternativeNames } from './names.js';
import { nodeOfUser, servingSigner, stateOf } from './serving-request.js';
import { addressKind, addressText, looksLikeAddress } from './special-address.js';

/** One sentence for each thing that is wrong. */
export type Check<Asked> = (asked: Asked) => readonly string[];

const serving = ['digital signature', 'server auth'];
const allowed: ReadonlySet<string> = new Set([...serving, 'key encipherment']);
const groups = ['system:nodes', 'system:authenticated'];
/** Seconds: a year. A kubelet requests no lifetime, and the signer has its own limit. */
const longestLifetime = 366 * 24 * 3600;

/** Checks that need no valid request. */
export const outerChecks: Readonly<Partial<Record<CheckName, Check<Question>>>> = {
  signer: ({ request: { signerName } }) =>
    signerName === servingSigner ? [] : [`its signer is ${signerName}, not ${servingSigner}`],
  username: ({ request: { username } }) =>
    nodeOfUser(username) === undefined ? [`${username} filed it, and that is no node`] : [],
  groups: ({ request }) =>
    groups.filter((group) => !request.groups.includes(group)).map((group) => `its user is not in the group ${group}`),
  'usage-foreign': ({ request: { usages } }) => [
    ...usages.filter((usage) => !allowed.has(usage)).map((usage) => `it asks for the usage ${usage}`),
    ...(new Set(usages).size < usages.length ? ['it names a usage twice'] : []),
  ],
  'usage-missing': ({ request: { usages } }) =>
    serving.filter((usage) => !usages.includes(usage)).map((usage) => `it does not ask for the usage ${usage}`),
  lifetime({ request: { expirationSeconds } }) {
    if (expirationSeconds === undefined) return [];
    const fits = expirationSeconds > 0 && expirationSeconds <= longestLifetime;
    return fits ? [] : [`it asks for a lifetime of ${expirationSeconds} s; the most is ${longestLifetime} s`];
  },
  decided({ request }) {
    const state = stateOf(request);
    return state === 'pending' ? [] : [`it is ${state} already`];
  },
  encoding: ({ request: { decoded, uid, resourceVersion, createdAt } }) => [
    ...(decoded.ok ? [] : [decoded.error]),
    ...(uid !== '' && resourceVersion !== '' && !Number.isNaN(createdAt)
      ? []
      : ['the API server’s object is incomplete']),
  ],
};

const strongCurves: ReadonlySet<string> = new Set(['ec P-256', 'ec P-384', 'ec P-521', 'ed25519']);

/** What needs the decoded request. */
export const innerChecks: Readonly<Partial<Record<CheckName, Check<ReadableQuestion>>>> = {
  'common-name'({ decoded: { subject }, request: { username } }) {
    const names = subject.filter(({ kind }) => kind === 'CN').map(({ value }) => value);
    if (names.length !== 1) return [`it has ${names.length} common names`];
    return names[0] === username ? [] : [`its common name is ${names[0] ?? ''}, and ${username} filed it`];
  },
  organization({ decoded: { subject } }) {
    const names = subject.filter(({ kind }) => kind === 'O').map(({ value }) => value);
    const others = subject.filter(({ kind }) => kind !== 'O' && kind !== 'CN').map(({ kind }) => kind);
    return [
      ...(names.length === 1 && names[0] === 'system:nodes'
        ? []
        : [`its organizations are ${names.join(' and ') || '(none)'}; only system:nodes is right`]),
      ...others.map((kind) => `its subject has an attribute ${kind}`),
    ];
  },
  'name-reserved': ({ names: { dns } }) =>
    dns.filter((name) => isReserved(name)).map((name) => `no node is called ${name}`),
  'address-special': ({ names: { addresses } }) =>
    addresses
      .map(addressText)
      .filter((text) => addressKind(text) === 'special')
      .map((text) => `${text} is no node’s address`),
  'name-form': ({ names }) => [
    ...names.dns.flatMap((name) => nameFault(name)),
    ...(hasTwice(names.dns) || hasTwice(names.addresses.map(addressText)) ? ['it names something twice'] : []),
  ],
  extension: ({ decoded: { extensions, attributes }, names: { others } }) => [
    ...others.map((kind) => `it asks for an alternative name of the kind ${kind}`),
    ...extensions
      .filter(({ oid }) => oid !== alternativeNames)
      .map(({ oid, critical }) => `it asks for ${critical ? 'the critical' : 'the'} extension ${oid}`),
    ...attributes.map((oid) => `it has the attribute ${oid}`),
  ],
  key: ({ decoded: { key }, request, cluster }) => [
    ...(strongCurves.has(key.name) || isStrongRsa(key.name)
      ? []
      : [`its key is weak or of an unknown kind: ${key.name}`]),
    ...reuses(cluster, key.digest, request),
  ],
};

const isStrongRsa = (name: string): boolean => {
  const bits = Number(/^rsa (\d+)$/.exec(name)?.[1]);
  return bits >= 2048 && bits <= 16_384;
};

/**
 * A key that serves and that proves who a node is, or that two nodes have, is in more hands than it should be. A later request
 * that was never issued does not count: anyone who may read a request can file a copy of it.
 */
const reuses = (
  { keys }: KnownCluster,
  digest: string,
  { username, signerName, createdAt }: Question['request'],
): string[] =>
  (keys.get(digest) ?? [])
    .filter((use) => use.username !== username || use.signerName !== signerName)
    .filter((use) => use.issued || use.createdAt < createdAt)
    .map((use) => `${use.username} has the same key in the request ${use.request}`);

const hasTwice = (values: readonly string[]): boolean => new Set(values).size < values.length;

/** Names by which the API server, Services and the machine itself are reached. */
function isReserved(name: string): boolean {
  const labels = name.toLowerCase().replace(/\.$/, '').split('.');
  return (
    name.includes('*') ||
    labels.at(-1) === 'localhost' ||
    labels.at(-1) === 'localdomain' ||
    labels[0] === 'kubernetes' ||
    labels.slice(1).includes('svc') ||
    name.endsWith('.cluster.local')
  );
}

function nameFault(name: string): readonly string[] {
  if (name.includes('*')) return [];
  const text = JSON.stringify(name);
  if (looksLikeAddress(name)) return [`${text} is an address, written as a name`];
  if (name.endsWith('.')) return [`the name ${text} ends with a dot`];
  if (/[A-Z]/.test(name)) return [`the name ${text} has upper-case letters`];
  if (/(^|\.)xn--/.test(name)) return [`the name ${text} is an internationalized one`];
  const isName =
    name.length <= 253 && name.split('.').every((label) => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(label));
  return isName ? [] : [`${text} is no valid name`];
}

/** A reason per sentence. */
export const reasonsOf = (check: CheckName, messages: readonly string[] = []): readonly Reason[] =>
  messages.map((message) => ({ check, message }));
