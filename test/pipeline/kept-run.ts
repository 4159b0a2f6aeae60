/** A run whose hosts n0, n1, ... are nodes that keep a change. */
import type { Host } from '../../src/inventory/host.js';
import type { Run } from '../../src/pipeline/context.js';
import type { KeptNode } from '../change/kept-node.js';

export function runOn(runsFolder: string, nodes: readonly KeptNode[]): Run {
  const hosts = nodes.map(
    (_, index) => ({ name: `n${index}`, address: '', role: 'worker', ssh: { jump: [] } }) as unknown as Host,
  );
  const session = (host: Host) => Promise.resolve(nodes[Number(host.name.slice(1))]?.session());
  return {
    ...{ version: '', playbooks: [], editOptions: { moveArguments: false }, forks: 4, timeout: 1000 },
    inventory: { path: 'i', cluster: { name: 'c' }, hosts },
    ...{ hosts, runsFolder },
    clusterChoice: { use: false, kubectl: '' },
    connector: { connect: session, fresh: session, close: () => Promise.resolve() },
    report: () => undefined,
    shutdown: new AbortController().signal,
  } as unknown as Run;
}

/** A worker as an inventory holds it. */
export const hostNamed = (name: string): Host => ({
  name,
  address: name,
  role: 'worker',
  group: 'workers',
  ssh: { user: 'deploy', jump: [], become: 'sudo' },
});
