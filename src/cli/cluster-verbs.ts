/** The rows of the table of verbs for what looks at or changes the cluster and no node. */
import * as own from './cluster-options.js';
import * as group from './option-groups.js';
import type { Verb } from './verbs.js';

const connected = [group.hosts, group.connection, group.apiServer];
const remote = [...connected, group.output];

export const lookingVerbs: readonly Verb[] = [
  {
    name: 'persist',
    summary: 'Keep hardened settings through upgrades and joins',
    details: 'It never changes nodes. Without --to, it compares the places and changes nothing.',
    options: [own.persistence, group.playbooks, group.consent, ...remote, group.showValues],
    changesNodes: false,
    examples: [
      { command: 'kubelatch persist', does: 'Show what an upgrade brings back, and the places' },
      { command: 'kubelatch persist --to configmap', does: 'Edit the ConfigMap after a diff and a question' },
      { command: 'kubelatch persist --to patches --folder ./patches', does: 'Write a folder for --patches' },
    ],
    run: async (cli) => (await import('./verbs/persist.js')).persistVerb(cli),
  },
  {
    name: 'verify',
    summary: 'Test kubelets from outside, and report what they answer',
    details:
      'It asks from the node, from this machine, from another node, through the API server and from a pod. ' +
      'For tokens and pods it creates a namespace, and removes it again.',
    options: [own.verification, group.playbooks, group.failOn, ...connected, group.outputOf('verify')],
    changesNodes: false,
    examples: [
      { command: 'kubelatch verify', does: 'Test all hosts after an apply' },
      { command: 'kubelatch verify -p tls -l workers --fail-on high', does: 'Test TLS, and fail a pipeline' },
      { command: 'kubelatch verify --probe-image busybox:1.37', does: 'Test from a pod on each node, too' },
      { command: 'kubelatch verify --read-only', does: 'Create nothing in the cluster' },
    ],
    run: async (cli) => (await import('./verbs/verify.js')).verifyVerb(cli),
  },
];

export const policyVerbs: readonly Verb[] = [
  {
    name: 'netpol',
    summary: 'Write network policies that keep pods from kubelets',
    details: 'Prints the policy that fits the CNI, and says what it cuts off and does not reach.',
    options: [own.policy, own.networkFacts, group.consent, ...remote],
    changesNodes: false,
    examples: [
      { command: 'kubelatch netpol --namespace shop', does: 'Print a NetworkPolicy for one namespace' },
      { command: 'kubelatch netpol --allow-namespace monitoring', does: 'Print a policy for all other namespaces' },
      { command: 'kubelatch netpol --namespace shop --apply', does: 'Show the diff, ask, then apply' },
    ],
    run: async (cli) => (await import('./verbs/netpol.js')).netpolVerb(cli),
  },
  {
    name: 'netpol remove',
    summary: 'Remove the network policies that kubelatch applied',
    options: [group.consent, ...remote],
    changesNodes: false,
    examples: [{ command: 'kubelatch netpol remove', does: 'Remove every policy with the label of kubelatch' }],
    run: async (cli) => (await import('./verbs/netpol.js')).netpolRemoveVerb(cli),
  },
];
