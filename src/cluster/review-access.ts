/** One review of access by the API server, with any authorizer that it has. It stores nothing. */
import { type Result, ok } from '../lib/result.js';
import { field } from './api-object.js';
import type { ClusterError, Gateway } from './gateway.js';

/** Of the user in `spec`, or of the own account. Undefined: the answer does not say it. */
export async function reviewAccess(
  gateway: Gateway,
  kind: 'SubjectAccessReview' | 'SelfSubjectAccessReview',
  spec: object,
): Promise<Result<boolean | undefined, ClusterError>> {
  const body = { apiVersion: 'authorization.k8s.io/v1', kind, spec };
  const path = `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`;
  const answer = await gateway.send({ method: 'POST', path, body });
  if (!answer.ok) return answer;
  const allowed = field(field(answer.value.body, 'status'), 'allowed');
  return ok(typeof allowed === 'boolean' ? allowed : undefined);
}
