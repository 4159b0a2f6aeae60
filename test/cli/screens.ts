/** The screens that the documentation shows: a command each, and the hosts that it meets. */

/** A recorded node of test/nodes, a host that only lets one log in, one with another key than the known one, or one that is down. */
export type ScreenHost = { readonly recorded: string } | 'logs-in' | 'other-key' | 'nothing-listens';

export interface Screen {
  /** docs/images/NAME.svg */
  readonly name: string;
  /** What the picture shows, for those who do not see it. */
  readonly title: string;
  readonly args: readonly string[];
  readonly hosts: Readonly<Record<string, ScreenHost>>;
  /** What is run before, in the same folder, without a picture. Of other hosts of the same names, if it has some. */
  readonly first?: Pick<Screen, 'args' | 'hosts'>;
  /** 0 if left out. */
  readonly code?: number;
}

const node = (recorded: string): ScreenHost => ({ recorded });
const n1 = { n1: node('kubeadm-extra-args') };

export const screens: readonly Screen[] = [
  {
    name: 'audit',
    title: 'kubelatch audit: three findings, each with its file and line',
    args: ['audit', '--no-cluster'],
    hosts: n1,
  },
  {
    name: 'audit-by-host',
    title: 'kubelatch audit --by host: the findings of each host',
    args: ['audit', '--no-cluster', '--by', 'host'],
    hosts: { n1: node('kubeadm-extra-args'), n2: node('systemd-with-config'), n3: node('kubeadm-hardened') },
  },
  {
    name: 'plan',
    title: 'kubelatch plan: one edit that removes two insecure flags from /etc/default/kubelet',
    args: ['plan', '--no-cluster'],
    hosts: n1,
  },
  {
    name: 'plan-k3s',
    title: 'kubelatch plan on a k3s server: a drop-in of kubelet settings',
    args: ['plan', '--no-cluster'],
    hosts: { s1: node('k3s-server-1.33') },
  },
  {
    name: 'plan-refused',
    title: 'kubelatch plan: a host is refused, because somebody edited a file that its kubelet has not read yet',
    args: ['plan', '--no-cluster'],
    hosts: { n1: node('systemd-pending-edit') },
    code: 1,
  },
  {
    name: 'inventory-check',
    title: 'kubelatch inventory check: one host works, one has another key, one does not answer',
    args: ['inventory', 'check', '--no-cluster'],
    hosts: { n1: 'logs-in', n2: 'other-key', n3: 'nothing-listens' },
    code: 3,
  },
  {
    name: 'drift',
    title: 'kubelatch audit --baseline: what is weaker than in the accepted audit',
    args: ['audit', '--no-cluster', '--baseline', 'accepted.json'],
    hosts: n1,
    first: {
      args: ['audit', '--no-cluster', '-o', 'json', '--output-file', 'accepted.json'],
      hosts: { n1: node('kubeadm-hardened') },
    },
    code: 2,
  },
  {
    name: 'explain',
    title: 'kubelatch explain anonymous-auth: what the rule wants, why, and what it may break',
    args: ['explain', 'anonymous-auth'],
    hosts: {},
  },
  {
    name: 'rules',
    title: 'kubelatch rules -p tls: its rules with their control ids',
    args: ['rules', '-p', 'tls'],
    hosts: {},
  },
  {
    name: 'apply',
    title: 'The result of kubelatch apply: four hosts confirmed, one reverted, with the last words of its kubelet',
    args: ['report', 'apply.json'],
    hosts: {},
  },
];
