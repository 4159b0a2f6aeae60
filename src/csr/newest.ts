/** Which pending request of a node counts: the newest, because a kubelet has forgotten the keys of older ones. Pure. */
import { type ServingRequest, servingSigner, stateOf } from './serving-request.js';

/** The newest pending serving request of each user, by username. */
export function newestPending(requests: readonly ServingRequest[]): ReadonlyMap<string, ServingRequest> {
  const newest = new Map<string, ServingRequest>();
  for (const request of requests) {
    if (request.signerName !== servingSigner || stateOf(request) !== 'pending') continue;
    const other = newest.get(request.username);
    if (other === undefined || isNewer(request, other)) newest.set(request.username, request);
  }
  return newest;
}

/** Times are whole seconds; within one, the API server's own counter decides. */
function isNewer(one: ServingRequest, other: ServingRequest): boolean {
  if (one.createdAt !== other.createdAt) return one.createdAt > other.createdAt;
  const [first, second] = [one.resourceVersion, other.resourceVersion];
  if (first.length !== second.length) return first.length > second.length;
  return first > second;
}
