// TokenReview, SubjectAccessReview and their "self" kin: asked, answered, not kept.
import { at, objectOf, text, textsOf, type Json, type JsonObject } from '../json.js';
import { authenticated, type User } from '../x509.js';
import type { Tokens } from './identity.js';
import { decide, type Attributes } from './rbac.js';
import type { Store } from './store.js';

function attributes(spec: Json | undefined): Attributes {
  const resource = at(spec, 'resourceAttributes');
  const field = (name: string): string => text(at(resource, name));
  const path = at(spec, 'nonResourceAttributes');
  return {
    verb: resource === undefined ? text(at(path, 'verb')) : field('verb'),
    group: field('group'),
    resource: field('resource'),
    subresource: field('subresource'),
    namespace: field('namespace'),
    name: field('name'),
    path: resource === undefined ? text(at(path, 'path')) : undefined,
  };
}

function userInfo(user: User): JsonObject {
  return { username: user.name, groups: [...user.groups] };
}

/** The review with its status filled in. */
export function review(plural: string, body: JsonObject, requester: User, store: Store, tokens: Tokens): JsonObject {
  const spec = objectOf(body['spec']);
  const access = (user: User): JsonObject => {
    const { allowed, reason } = decide(store, user, attributes(spec));
    return { allowed, ...(reason === '' ? {} : { reason }) };
  };
  const answered = (status: JsonObject): JsonObject => ({ metadata: {}, ...body, status });
  switch (plural) {
    case 'tokenreviews': {
      const user = tokens.find(text(spec['token']));
      return answered(
        user === undefined
          ? { user: {}, error: '[invalid bearer token, unknown token]' }
          : { authenticated: true, user: userInfo(user) },
      );
    }
    case 'selfsubjectreviews':
      return answered({ userInfo: userInfo(requester) });
    case 'selfsubjectaccessreviews':
      return answered(access(requester));
    default: {
      const groups = textsOf(spec['groups']);
      const name = text(spec['user']);
      return answered(
        access(groups.includes('system:unauthenticated') ? { name, groups } : authenticated(name, groups)),
      );
    }
  }
}
