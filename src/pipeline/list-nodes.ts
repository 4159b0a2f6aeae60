/** The nodes of a cluster that an inventory is to be made of, and the contexts of a kubeconfig. */
import { field, isRecord, listOf, nameOf, textOf } from '../cluster/api-object.js';
import { type Contexts, contextsOf } from '../cluster/kubeconfig.js';
import { listEach } from '../cluster/list.js';
import { openLocalGateway } from '../cluster/local-gateway.js';
import { guessDistro } from '../distros/guess-distro.js';
import { closing } from '../lib/closing.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';

export interface FoundNode {
  readonly name: string;
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
  readonly controlPlane: boolean;
  /** The distribution as it is guessed, and the version, such as `k3s v1.33.1`. */
  readonly about: string;
}

export interface ClusterSource {
  readonly kubectl: string;
  readonly kubeconfig: string;
  readonly context: string;
}

/** The error is one line. */
export async function listNodes({
  kubectl,
  kubeconfig,
  context,
}: ClusterSource): Promise<Result<readonly FoundNode[], string>> {
  const gateway = await openLocalGateway({
    kubectl,
    kubeconfig,
    context,
    places: { kubeconfig, context: '--context' },
  });
  if (!gateway.ok) return fail(gateway.error.message);
  const nodes = await closing(gateway.value, (api) => listEach(api, '/api/v1/nodes', foundNode));
  return nodes.ok ? ok(nodes.value) : fail(nodes.error.message);
}

/** What a Node object tells. */
function foundNode(node: unknown): FoundNode {
  const [metadata, status] = [field(node, 'metadata'), field(node, 'status')];
  const keysOf = (value: unknown): readonly string[] => (isRecord(value) ? Object.keys(value) : []);
  const labels = keysOf(field(metadata, 'labels'));
  const kubeletVersion = textOf(field(field(status, 'nodeInfo'), 'kubeletVersion'));
  const distro = guessDistro({ kubeletVersion, marks: [...labels, ...keysOf(field(metadata, 'annotations'))] });
  return {
    name: nameOf(node),
    addresses: listOf(field(status, 'addresses')).map((one) => ({
      type: textOf(field(one, 'type')),
      address: textOf(field(one, 'address')),
    })),
    controlPlane: ['control-plane', 'master'].some((role) => labels.includes(`node-role.kubernetes.io/${role}`)),
    about: oneLine([distro ?? 'Kubernetes', kubeletVersion].join(' '), 60),
  };
}

/** Fails with one line that names file and line. */
export const kubeconfigContexts = (path: string, text: string): Result<Contexts, string> => contextsOf(path, text);
