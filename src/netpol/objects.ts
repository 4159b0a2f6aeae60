/** Policies at the API server: a dry run with its diff, the change itself, and the removal of what has kubelatch's label. */
import { field, isRecord, nameOf, textOf } from '../cluster/api-object.js';
import type { ClusterError, Gateway } from '../cluster/gateway.js';
import { listAll } from '../cluster/list.js';
import { sleep } from '../lib/clock.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { collectionPath, managedBy, objectName, objectPath, owner, resources } from './manifest.js';
import type { Manifest } from './model.js';

/** Milliseconds for one request. */
const deadline = 20_000;

export interface Change {
  readonly manifest: Manifest;
  readonly action: 'create' | 'update' | 'none';
  /** What the API server holds of it now; undefined for a new object. */
  readonly before: Shown | undefined;
  /** What it would hold, by its own dry run; as it is sent, where `unchecked` says why there was none. */
  readonly after: Shown;
  readonly unchecked?: string | undefined;
}

/** What a person sets of an object. */
export interface Shown {
  readonly labels: unknown;
  readonly spec: unknown;
}

/** Why an object was not changed: one line, and what to do. */
export interface ObjectError {
  readonly reason: string;
  readonly hint: string;
}

/**
 * Asks for a dry run of each object, and changes nothing. Fails for an object of the same name without kubelatch's label,
 * and for one that the API server would not keep as it was sent.
 */
export async function proposeChanges(
  gateway: Gateway,
  manifests: readonly Manifest[],
): Promise<Result<readonly Change[], ObjectError>> {
  const changes: Change[] = [];
  for (const manifest of manifests) {
    // An object that is not there yet may be what this one needs.
    const waitsFor = changes.find(({ action }) => action === 'create')?.manifest;
    const change = await proposeChange(gateway, manifest, waitsFor);
    if (!change.ok) return change;
    changes.push(change.value);
  }
  return ok(changes);
}

async function proposeChange(
  gateway: Gateway,
  manifest: Manifest,
  waitsFor: Manifest | undefined,
): Promise<Result<Change, ObjectError>> {
  const held = await readOwned(gateway, manifest);
  if (!held.ok) return held;
  const sent = bodyOf(manifest, held.value);
  const answer = await gateway.send({ ...sent, dryRun: true }, deadline);
  const before = held.value === undefined ? undefined : shownOf(held.value);
  if (!answer.ok && waitsFor !== undefined && answer.error.kind === 'refused') {
    const unchecked = `its dry run has to wait for ${objectName(waitsFor)}: ${answer.error.message}`;
    const after = { labels: manifest.metadata.labels, spec: manifest.spec };
    return ok({ manifest, action: before === undefined ? 'create' : 'update', before, after, unchecked });
  }
  const checked = answer.ok ? keptWhole(manifest, answer.value.body) : notTaken(manifest, answer.error);
  if (!checked.ok) return checked;
  const action = before === undefined ? 'create' : isSame(before, checked.value) ? 'none' : 'update';
  return ok({ manifest, action, before, after: checked.value });
}

/** Makes the changes that a dry run proposed, in order. The first failure ends it; `stop` says why nothing more may be written. */
export async function makeChanges(
  gateway: Gateway,
  changes: readonly Change[],
  stop: () => ObjectError | undefined = () => undefined,
): Promise<{ readonly done: readonly Change[]; readonly failed: ObjectError | undefined }> {
  const done: Change[] = [];
  for (const change of changes.filter(({ action }) => action !== 'none')) {
    const stopped = stop();
    const made = stopped === undefined ? await makeChange(gateway, change) : fail(stopped);
    if (!made.ok) return { done, failed: made.error };
    done.push(change);
  }
  return { done, failed: undefined };
}

async function makeChange(gateway: Gateway, change: Change): Promise<Result<undefined, ObjectError>> {
  const { manifest } = change;
  const held = await readOwned(gateway, manifest);
  if (!held.ok) return held;
  const now = held.value === undefined ? undefined : shownOf(held.value);
  if (!isSame(now, change.before)) return fail({ reason: `${objectName(manifest)} changed meanwhile`, hint: again });
  const sent = bodyOf(manifest, held.value);
  if (change.unchecked !== undefined) {
    const tried = await gateway.send({ ...sent, dryRun: true }, deadline);
    const checked = tried.ok ? keptWhole(manifest, tried.value.body) : notTaken(manifest, tried.error);
    if (!checked.ok) return checked;
  }
  const answer = await gateway.send(sent, deadline);
  if (!answer.ok) return notTaken(manifest, answer.error);
  const kept = keptWhole(manifest, answer.value.body);
  return kept.ok ? ok(undefined) : kept;
}

const again = 'run the same command again';

/** The object; undefined if there is none. Fails if it is somebody else's. */
async function readOwned(gateway: Gateway, manifest: Manifest): Promise<Result<unknown, ObjectError>> {
  const held = await patiently(() => gateway.get(objectPath(manifest)));
  if (!held.ok) {
    if (held.error.status === 404) return ok(undefined);
    return fail({ reason: `${objectName(manifest)} could not be read: ${held.error.message}`, hint: again });
  }
  if (isOwned(held.value)) return ok(held.value);
  const reason = `${objectName(manifest)} is there already, without the label ${managedBy}: ${owner}`;
  return fail({ reason, hint: 'somebody else made it: rename or delete it, or give it the label' });
}

/** Seconds to wait for an API server that asks for time (429), as it does while it learns of a new kind of object. */
const mostSeconds = 15;

async function patiently<T>(ask: () => Promise<Result<T, ClusterError>>): Promise<Result<T, ClusterError>> {
  for (let waited = 0; ; waited += 1) {
    const answer = await ask();
    if (answer.ok || answer.error.status !== 429 || waited === mostSeconds) return answer;
    await sleep(1000);
  }
}

const labelsOf = (object: unknown): unknown => field(field(object, 'metadata'), 'labels');
const isOwned = (object: unknown): boolean => field(labelsOf(object), managedBy) === owner;
const shownOf = (object: unknown): Shown => ({ labels: labelsOf(object), spec: field(object, 'spec') });

/** An update replaces the version that was read, and keeps labels and annotations that others added. */
function bodyOf(manifest: Manifest, held: unknown) {
  if (held === undefined) return { method: 'POST' as const, path: collectionPath(manifest), body: manifest };
  const metadata = field(held, 'metadata');
  const labels = labelsOf(held);
  const body = {
    ...manifest,
    metadata: {
      ...(isRecord(metadata) ? metadata : {}),
      managedFields: undefined,
      labels: { ...(isRecord(labels) ? labels : {}), ...manifest.metadata.labels },
    },
  };
  return { method: 'PUT' as const, path: objectPath(manifest), body };
}

const notTaken = (manifest: Manifest, { kind, status, message }: ClusterError): { ok: false; error: ObjectError } => {
  const reason = `${objectName(manifest)} was refused by the API server: ${message}`;
  if (kind === 'unreachable')
    return fail({
      reason: `${objectName(manifest)}: ${message}`,
      hint: `it may have been made nevertheless; ${again}`,
    });
  if (status === 409) return fail({ reason: `${objectName(manifest)} changed meanwhile`, hint: again });
  if (status === 404)
    return fail({ reason, hint: 'this cluster does not serve its kind: install it, or use another --policy' });
  return fail({ reason, hint: 'nothing was changed by this request' });
};

/** What the API server drops of a policy makes another policy of it. */
function keptWhole(manifest: Manifest, answer: unknown): Result<Shown, ObjectError> {
  const lost = lostOf(manifest.spec, field(answer, 'spec'), 'spec');
  if (lost === undefined && isOwned(answer)) return ok(shownOf(answer));
  const reason = `the API server would not keep ${lost ?? 'the label'} of ${objectName(manifest)}`;
  return fail({ reason, hint: 'its API is too old for this policy: upgrade it, or use another --policy' });
}

/** Path of the first value that is missing or another; defaults that were added are none. */
export function lostOf(sent: unknown, kept: unknown, path: string): string | undefined {
  if (Array.isArray(sent)) {
    if (!Array.isArray(kept) || kept.length !== sent.length) return path;
    return firstOf(sent.map((one, at) => lostOf(one, kept[at], `${path}[${at}]`)));
  }
  if (!isRecord(sent)) return sent === kept ? undefined : path;
  if (!isRecord(kept)) return path;
  return firstOf(Object.entries(sent).map(([key, value]) => lostOf(value, kept[key], `${path}.${key}`)));
}

const firstOf = (list: readonly (string | undefined)[]): string | undefined => list.find((one) => one !== undefined);

/** Deep equality of JSON, whatever the order of keys. */
function isSame(left: unknown, right: unknown): boolean {
  return lostOf(left, right, '') === undefined && lostOf(right, left, '') === undefined;
}

export interface OwnedObject extends Pick<Manifest, 'kind' | 'metadata'> {
  readonly uid: string;
  readonly version: string;
}

/** Every policy with kubelatch's label, in the order of removal; of kinds that the cluster serves. */
export async function ownedObjects(gateway: Gateway): Promise<Result<readonly OwnedObject[], ClusterError>> {
  const found: OwnedObject[] = [];
  for (const { apiVersion, kind, plural } of resources) {
    const selector = encodeURIComponent(`${managedBy}=${owner}`);
    const list = await patiently(() => listAll(gateway, `/apis/${apiVersion}/${plural}?labelSelector=${selector}`));
    if (!list.ok && list.error.status !== 404) return list;
    found.push(...(list.ok ? list.value.filter(isOwned).map((one) => ownedObject(kind, one)) : []));
  }
  return ok(found);
}

function ownedObject(kind: string, object: unknown): OwnedObject {
  const metadata = field(object, 'metadata');
  const namespace = textOf(field(metadata, 'namespace'));
  return {
    kind,
    metadata: { name: nameOf(object), namespace: namespace === '' ? undefined : namespace, labels: {} },
    uid: textOf(field(metadata, 'uid')),
    version: textOf(field(metadata, 'resourceVersion')),
  };
}

/** Deletes one object, if it is still the one that was listed. */
export async function removeObject(gateway: Gateway, object: OwnedObject): Promise<Result<undefined, ObjectError>> {
  const preconditions = { uid: object.uid, resourceVersion: object.version };
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions };
  const answer = await gateway.send({ method: 'DELETE', path: objectPath(object), body }, deadline);
  if (answer.ok || answer.error.status === 404) return ok(undefined);
  return fail({ reason: `${oneLine(objectName(object))} was not removed: ${answer.error.message}`, hint: again });
}
