/** The rows of the table of verbs that make an inventory, and prove the host keys of one. */
import * as group from './option-groups.js';
import { keyProof, newInventory, source, strictConnection, withoutQuestions } from './init-options.js';
import type { Verb } from './verbs.js';

export const initVerb: Verb = {
  name: 'init',
  summary: 'Make an inventory from a cluster, Ansible or names',
  details:
    'Writes the inventory, adds SSH host keys to known_hosts after you confirm their fingerprints, and tests the ' +
    'connections. On a terminal, it asks for everything that no flag sets.',
  options: [
    ...[source, newInventory, keyProof, withoutQuestions],
    ...[strictConnection, group.outputOf('inventory-check')],
  ],
  changesNodes: false,
  examples: [
    { command: 'kubelatch init', does: 'Ask where the hosts are, then make inventory.yaml' },
    { command: 'kubelatch init --from-kubeconfig --context prod-eu', does: 'List the nodes of a cluster' },
    { command: 'kubelatch init --from-ansible hosts.ini --group k8s_cluster', does: 'Take hosts over from Ansible' },
    { command: 'kubelatch init --host node[01:40] --control-plane cp[1:3] --yes', does: 'Name the hosts; ask nothing' },
  ],
  run: async (cli) => (await import('./verbs/init.js')).initVerb(cli),
};

export const enrolVerb: Verb = {
  name: 'inventory enrol',
  summary: 'Compare SSH host keys and add them to known_hosts',
  details:
    'A key is added if you confirm its fingerprint, if --fingerprints has it, or if OpenSSH accepts a host certificate ' +
    'for it. A changed key is always refused.',
  options: [keyProof, group.hosts, strictConnection, group.outputOf('inventory-check')],
  changesNodes: false,
  examples: [
    { command: 'kubelatch inventory enrol', does: 'Compare the keys of new hosts, one by one' },
    { command: 'kubelatch inventory enrol --fingerprints keys.txt', does: 'Add the keys that a file proves' },
  ],
  run: async (cli) => (await import('./verbs/init.js')).enrolVerb(cli),
};
