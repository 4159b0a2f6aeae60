/** The rows of the table of verbs for `csr`. */
import { watchFor } from './cluster-options.js';
import * as group from './option-groups.js';
import type { Verb } from './verbs.js';

const remote = [group.hosts, group.connection, group.apiServer, group.outputOf('csr-list')];

export const csrVerbs: readonly Verb[] = [
  {
    name: 'csr',
    summary: 'Judge requests for kubelet serving certificates',
    options: remote,
    changesNodes: false,
    examples: [
      { command: 'kubelatch csr', does: 'List all requests with verdict and reason' },
      { command: 'kubelatch csr approve n4', does: 'Approve the newest request of one node' },
    ],
    run: async (cli) => (await import('./verbs/csr.js')).csrListVerb(cli),
  },
  {
    name: 'csr list',
    summary: 'Judge requests for kubelet serving certificates',
    options: remote,
    changesNodes: false,
    examples: [{ command: 'kubelatch csr list -o wide', does: 'List issued requests too' }],
    run: async (cli) => (await import('./verbs/csr.js')).csrListVerb(cli),
  },
  {
    name: 'csr approve',
    summary: 'Approve requests that pass every check',
    details: 'Requests that do not pass stay pending. They are never denied.',
    options: [group.consent, ...remote],
    arguments: [{ name: '[name...]', summary: 'Approve the requests of these nodes, or with these names' }],
    changesNodes: true,
    examples: [
      { command: 'kubelatch csr approve', does: 'Show the requests, ask, then approve the valid ones' },
      { command: 'kubelatch csr approve n4 --yes', does: 'Approve the newest request of one node' },
    ],
    run: async (cli, names) =>
      (await import('./verbs/csr.js')).csrApproveVerb(
        cli,
        names.filter((one) => one !== undefined),
      ),
  },
  {
    name: 'csr watch',
    summary: 'Approve requests that pass every check, as they come',
    details: 'It ends after --for, or with the first signal.',
    options: [watchFor, group.consent, ...remote],
    changesNodes: true,
    examples: [{ command: 'kubelatch csr watch --for 1h --yes', does: 'Approve renewals during a rollout' }],
    run: async (cli) => (await import('./verbs/csr.js')).csrWatchVerb(cli),
  },
];
