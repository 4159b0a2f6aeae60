/** CustomResourceDefinitions for policies of CNIs that no lab can run: the fields that kubelatch uses, as strict as the true ones. */

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: 'string' };
const port: Schema = { type: 'integer', minimum: 1, maximum: 65535 };
const list = (items: Schema, most = 1000, least = 0): Schema => ({
  type: 'array',
  items,
  maxItems: most,
  minItems: least,
});
const object = (
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
  more: Schema = {},
): Schema => ({
  type: 'object',
  properties,
  ...(required.length === 0 ? {} : { required }),
  ...more,
});
const operator = { type: 'string', enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] };
const selector = object({
  matchLabels: { type: 'object', additionalProperties: text },
  matchExpressions: list(object({ key: text, operator, values: list(text) }, ['key', 'operator'])),
});

const entity = { type: 'string', enum: ['all', 'world', 'cluster', 'host', 'remote-node', 'kube-apiserver', 'none'] };
const ciliumPort = object(
  {
    port: { type: 'string', pattern: '^(6553[0-5]|[0-9]{1,5}|[a-z-]+)$' },
    protocol: { type: 'string', enum: ['TCP', 'UDP', 'SCTP', 'ANY'] },
  },
  ['port'],
);
const toPorts = list(object({ ports: list(ciliumPort, 40) }));
const cilium = object(
  {
    endpointSelector: selector,
    nodeSelector: selector,
    enableDefaultDeny: object({ egress: { type: 'boolean' }, ingress: { type: 'boolean' } }),
    egressDeny: list(object({ toEntities: list(entity), toPorts })),
    ingressDeny: list(object({ fromEndpoints: list(selector), toPorts })),
  },
  [],
  { oneOf: [{ required: ['endpointSelector'] }, { required: ['nodeSelector'] }] },
);

const action = (...names: readonly string[]): Schema => ({ type: 'string', enum: names });
const tier = object({ order: { type: 'number' }, defaultAction: action('Pass', 'Deny') });
const calico = object({
  tier: text,
  order: { type: 'number' },
  namespaceSelector: text,
  types: list({ type: 'string', enum: ['Ingress', 'Egress'] }),
  egress: list(
    object(
      {
        action: action('Allow', 'Deny', 'Log', 'Pass'),
        protocol: text,
        destination: object({ nets: list(text, 256), ports: list(port, 50) }),
      },
      ['action'],
    ),
  ),
});

const one: Schema = { minProperties: 1, maxProperties: 1 };
const subject = object({ namespaces: selector, pods: selector }, [], one);
const networks = list({ type: 'string', maxLength: 43 }, 25, 1);
const name = { type: 'string', maxLength: 100 };
const tcp = object({ destinationPort: object({ number: port }, [], one) });
const clusterPolicy = object(
  {
    tier: { type: 'string', enum: ['Admin', 'Baseline'] },
    priority: { type: 'integer', minimum: 0, maximum: 1000 },
    subject,
    egress: list(
      object(
        {
          name,
          action: action('Accept', 'Deny', 'Pass'),
          to: list(object({ networks, namespaces: selector }, [], one), 25, 1),
          protocols: list(object({ tcp }, [], one), 25, 1),
        },
        ['action', 'to'],
      ),
      25,
    ),
  },
  ['priority', 'subject', 'tier'],
);
const portNumber = object({ port, protocol: text }, ['port', 'protocol']);
const adminPolicy = object(
  {
    priority: { type: 'integer', minimum: 0, maximum: 1000 },
    subject,
    egress: list(
      object(
        {
          name,
          action: action('Allow', 'Deny', 'Pass'),
          to: list(object({ networks, nodes: selector, namespaces: selector }, [], one), 100, 1),
          ports: list(object({ portNumber }, [], one), 100),
        },
        ['action', 'to'],
      ),
      100,
    ),
  },
  ['priority', 'subject'],
);

const definition = (kind: string, plural: string, group: string, version: string, spec: Schema): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: `${plural}.${group}`,
    // The API server wants to be told who approved an API in this group.
    ...(group.endsWith('k8s.io') ? { annotations: { 'api-approved.kubernetes.io': 'unapproved, for a test' } } : {}),
  },
  spec: {
    group,
    scope: 'Cluster',
    names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
    versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: object({ spec }, ['spec']) } }],
  },
});

export const policyCrds: readonly object[] = [
  definition('CiliumClusterwideNetworkPolicy', 'ciliumclusterwidenetworkpolicies', 'cilium.io', 'v2', cilium),
  definition('Tier', 'tiers', 'projectcalico.org', 'v3', tier),
  definition('GlobalNetworkPolicy', 'globalnetworkpolicies', 'projectcalico.org', 'v3', calico),
  definition('ClusterNetworkPolicy', 'clusternetworkpolicies', 'policy.networking.k8s.io', 'v1alpha2', clusterPolicy),
  definition('AdminNetworkPolicy', 'adminnetworkpolicies', 'policy.networking.k8s.io', 'v1alpha1', adminPolicy),
];
