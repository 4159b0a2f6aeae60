// The API server's answers that are not objects: metav1.Status, with the reasons and codes of the real one.
import type { JsonObject } from '../json.js';
import type { User } from '../x509.js';
import type { Attributes } from './rbac.js';
import { inGroup, type Resource } from './resources.js';

/** Thrown anywhere in a request, sent as a Status. */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: JsonObject;
  constructor(code: number, reason: string, message: string, details: JsonObject = {}) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }
}

export function statusBody(failure: StatusError): JsonObject {
  const { code, reason, message, details } = failure;
  const said = Object.fromEntries(Object.entries(details).filter(([, value]) => value !== ''));
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details: said, code };
}

function detailsOf(resource: Resource, name: string): JsonObject {
  return { name, group: resource.group, kind: resource.plural };
}

export function notFound(resource: Resource, name: string): StatusError {
  return new StatusError(
    404,
    'NotFound',
    `${inGroup(resource)} ${JSON.stringify(name)} not found`,
    detailsOf(resource, name),
  );
}

export function alreadyExists(resource: Resource, name: string): StatusError {
  return new StatusError(
    409,
    'AlreadyExists',
    `${inGroup(resource)} ${JSON.stringify(name)} already exists`,
    detailsOf(resource, name),
  );
}

const modified = 'the object has been modified; please apply your changes to the latest version and try again';

export function conflict(resource: Resource, name: string, why = modified): StatusError {
  return new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${inGroup(resource)} ${JSON.stringify(name)}: ${why}`,
    detailsOf(resource, name),
  );
}

export function invalid(resource: Resource, name: string, why: string): StatusError {
  return new StatusError(
    422,
    'Invalid',
    `${resource.kind} ${JSON.stringify(name)} is invalid: ${why}`,
    detailsOf(resource, name),
  );
}

export function badRequest(why: string): StatusError {
  return new StatusError(400, 'BadRequest', why);
}

export function noSuchPath(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource');
}

export function forbidden(user: User, what: Attributes): StatusError {
  const who = `User ${JSON.stringify(user.name)} cannot ${what.verb}`;
  if (what.path !== undefined)
    return new StatusError(403, 'Forbidden', `forbidden: ${who} path ${JSON.stringify(what.path)}`);
  const resource = `${what.resource}${what.subresource === '' ? '' : `/${what.subresource}`}`;
  const scope = what.namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(what.namespace)}`;
  const subject = `${what.resource}${what.group === '' ? '' : `.${what.group}`}${what.name === '' ? '' : ` ${JSON.stringify(what.name)}`}`;
  const message = `${subject} is forbidden: ${who} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(what.group)} ${scope}`;
  return new StatusError(403, 'Forbidden', message, { name: what.name, group: what.group, kind: what.resource });
}
