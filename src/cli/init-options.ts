/** The options of init and of inventory enrol: where hosts come from, and how their keys are proved. */
import { connection, type OptionGroup } from './option-groups.js';
import { option } from './options.js';
import { collect } from './option-values.js';

export const source: OptionGroup = {
  title: 'Source',
  options: [
    option('--from-kubeconfig [file]', 'List the nodes of a cluster (default: your kubeconfig)'),
    option('--context <name>', 'Use this context of the kubeconfig'),
    option('--kubectl <program>', 'Run this kubectl').default('kubectl'),
    option('--from-ansible <file>', 'Read an Ansible inventory in INI or YAML format'),
    option('--group <name>', 'Take the hosts of these Ansible groups only; repeatable').argParser(collect),
    option('--host <name[=address]>', 'Add this host; ranges such as node[01:40]; repeatable').argParser(collect),
    option('--control-plane <name>', 'Put this host or Ansible group in the control plane; repeatable').argParser(
      collect,
    ),
  ],
};

export const newInventory: OptionGroup = {
  title: 'Inventory',
  options: [
    option('-i, --inventory <file>', 'Write the inventory to this file').default('./inventory.yaml'),
    option('--force', 'Replace the file if it exists').default(false),
    option('--cluster-name <name>', 'Name the cluster; you type it to confirm dangerous steps'),
    option('--ssh-user <name>', 'Log in to all hosts as this user'),
    option('--jump <host>', 'Reach all hosts through this bastion; repeatable, in order').argParser(collect),
    option('--known-hosts <file>', 'Keep the host keys in this file'),
    option('--no-check', 'Write the inventory only; connect to no host'),
  ],
};

export const keyProof: OptionGroup = {
  title: 'Host keys',
  options: [option('--fingerprints <file>', 'Add host keys that this file has: HOST SHA256:... lines')],
};

export const withoutQuestions: OptionGroup = {
  title: 'Confirmation',
  options: [option('-y, --yes', 'Ask nothing; add only host keys that are proved').default(false)],
};

/** As with other verbs, but what is not known is never accepted. */
export const strictConnection: OptionGroup = {
  title: connection.title,
  options: connection.options.filter(({ long }) => long !== '--host-keys'),
};
