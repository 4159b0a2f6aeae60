/** Asks the API server what somebody may do on kubelets, by any authorizer that it has. */
import type { Gateway } from '../cluster/gateway.js';
import { reviewAccess } from '../cluster/review-access.js';
import { type Result, fail, ok } from '../lib/result.js';

/** A user as the API server knows it. */
export interface Subject {
  readonly user: string;
  readonly groups: readonly string[];
}

/** A right on a subresource of nodes. */
export interface NodeRight {
  readonly verb: 'get' | 'create';
  readonly subresource: string;
}

export const rightText = ({ verb, subresource }: NodeRight): string => `${verb} nodes/${subresource}`;

export const serviceAccountSubject = (namespace: string, name: string): Subject => ({
  user: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
});

/** The error is one line: this review could not be had. */
export async function mayAccess(
  gateway: Gateway,
  { user, groups }: Subject,
  right: NodeRight,
): Promise<Result<boolean, string>> {
  const resourceAttributes = { group: '', version: 'v1', resource: 'nodes', ...right };
  const review = await reviewAccess(gateway, 'SubjectAccessReview', { user, groups, resourceAttributes });
  if (!review.ok) return fail(review.error.message);
  return review.value === undefined ? fail('the API server did not answer the access review') : ok(review.value);
}

/** Those of `rights` that the subject lacks. */
export async function missingRights(
  gateway: Gateway,
  subject: Subject,
  rights: readonly NodeRight[],
): Promise<Result<readonly NodeRight[], string>> {
  const missing: NodeRight[] = [];
  for (const right of rights) {
    const may = await mayAccess(gateway, subject, right);
    if (!may.ok) return may;
    if (!may.value) missing.push(right);
  }
  return ok(missing);
}
