/** In the place of src/pipeline/open-cluster.ts: the API server of the history. */
import { type Cluster, createCluster } from '../../../src/cluster/cluster.js';
import type { Gateway } from '../../../src/cluster/gateway.js';
import { type Result, fail, ok } from '../../../src/lib/result.js';

let gateway: Gateway | undefined;
export const setGateway = (next: Gateway): void => void (gateway = next);

export interface ClusterChoice {
  readonly use: boolean;
  readonly kubectl: string;
}

export function reachCluster(_inventory: unknown, { use }: ClusterChoice): Promise<Result<Cluster, string>> {
  const known = use ? gateway : undefined;
  return Promise.resolve(known === undefined ? fail('--no-cluster was given') : ok(createCluster(known)));
}
