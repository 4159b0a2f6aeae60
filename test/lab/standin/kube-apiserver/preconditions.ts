// What a write may ask of the object it replaces, and the rules that leases have beyond those of other objects.
import { at, text, type Json, type JsonObject } from '../json.js';
import type { Resource } from './resources.js';
import { badRequest, conflict, invalid } from './status.js';

/** Leases are created by a PUT too, and never updated without a version. */
export const isLease = (resource: Resource): boolean => resource.plural === 'leases';

/** The uid and, for a removal, the version that the caller believes in; throws the API server's 409. */
export function checkPreconditions(
  resource: Resource,
  name: string,
  stored: JsonObject | undefined,
  wanted: { readonly uid: string; readonly version: string },
): void {
  const uid = text(at(stored, 'metadata', 'uid'));
  const version = text(at(stored, 'metadata', 'resourceVersion'));
  if (wanted.uid !== '' && wanted.uid !== uid)
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${wanted.uid}, UID in object meta: ${uid}`,
    );
  if (wanted.version !== '' && wanted.version !== version) {
    const why = `the ResourceVersion in the precondition (${wanted.version}) does not match the ResourceVersion in record (${version}).`;
    throw conflict(resource, name, `${why} The object might have been modified`);
  }
}

const microTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;

export function checkLease(resource: Resource, object: Json): void {
  if (!isLease(resource)) return;
  for (const field of ['acquireTime', 'renewTime']) {
    const time = at(object, 'spec', field) ?? null;
    if (time === null || microTime.test(text(time))) continue;
    throw badRequest(
      `Lease in version "v1" cannot be handled as a Lease: v1.Lease.Spec: parsing time ${JSON.stringify(time)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse`,
    );
  }
  const seconds = at(object, 'spec', 'leaseDurationSeconds') ?? null;
  if (seconds !== null && !(typeof seconds === 'number' && seconds > 0)) {
    const why = `spec.leaseDurationSeconds: Invalid value: ${JSON.stringify(seconds)}: must be greater than 0`;
    throw invalid(resource, text(at(object, 'metadata', 'name')), why);
  }
}
