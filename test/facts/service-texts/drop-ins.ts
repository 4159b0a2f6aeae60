/** Drop-ins, aliases, working directories, and what people write for a kubelet. */
import { type ServiceText, one, runs, service } from './service-text.js';

export const dropIns: readonly ServiceText[] = [
  {
    name: 'drop-ins by name over all folders',
    unit: runs('$A $B'),
    dropIns: {
      '20-b.conf': service('Environment=A=20 B=20'),
      '/etc/systemd/system/~n~.d/10-a.conf': service('Environment=A=10 B=10'),
      '/etc/systemd/system/~n~.d/30-c.conf': service('Environment=B=30'),
    },
  },
  {
    name: 'a drop-in that hides another of its name',
    unit: runs('$A $B'),
    dropIns: {
      '10.conf': service('Environment=A=run'),
      '/etc/systemd/system/~n~.d/10.conf': service('Environment=B=etc'),
    },
  },
  {
    name: 'a drop-in that is a link to /dev/null',
    unit: runs('$A a'),
    dropIns: { '10.conf': service('Environment=A=run') },
    links: { '/etc/systemd/system/~n~.d/10.conf': '/dev/null' },
  },
  { name: 'a drop-in with another ending', unit: runs('$A a'), dropIns: { '10.txt': service('Environment=A=1') } },
  {
    name: 'a drop-in that resets ExecStart',
    unit: runs('a'),
    dropIns: { '10.conf': service('ExecStart=', 'ExecStart=~x~ b'), '20.conf': service('Environment=A=1') },
  },
  { name: 'a drop-in that forgets the reset', unit: runs('a'), dropIns: { '10.conf': service('ExecStart=~x~ b') } },
  { name: 'a drop-in that only resets', unit: runs('a'), dropIns: { '10.conf': service('ExecStart=') } },
  {
    name: 'a drop-in with a bad line is read up to it',
    unit: runs('$A $B $C'),
    dropIns: {
      '10.conf': service('Environment=A=1', 'ExecStart=~x~ %Z', 'Environment=B=1'),
      '20.conf': service('Environment=C=1'),
    },
  },
  {
    name: 'a drop-in with a bad ExecStart behind its reset',
    unit: runs('$A $B'),
    dropIns: { '10.conf': service('Environment=A=1', 'ExecStart=', 'ExecStart=~x~ %Z') },
  },
  {
    name: 'a drop-in with a bad section',
    unit: runs('$A $B'),
    dropIns: { '10.conf': '[Service]\nEnvironment=A=1\n[Service\nEnvironment=B=1\n' },
  },
  { name: 'a drop-in without a section', unit: runs('$A a'), dropIns: { '10.conf': 'Environment=A=1\n' } },
  {
    name: 'a drop-in whose section does not carry on',
    unit: '[Unit]\nDescription=x\n[Service]\nExecStart=~x~ $A $B\n',
    dropIns: { '10.conf': 'Environment=A=1\n', '20.conf': service('Environment=B=1') },
  },
  {
    name: 'a drop-in that continues at its end',
    unit: runs('$A $B'),
    dropIns: { '10.conf': '[Service]\nEnvironment=A=1 \\', '20.conf': service('Environment=B=1') },
  },
  {
    name: 'drop-ins reset EnvironmentFile=',
    unit: runs('$A $B', 'EnvironmentFile=~d~/a'),
    dropIns: { '10.conf': service('EnvironmentFile=', 'EnvironmentFile=~d~/b') },
    files: { a: 'A=1\n', b: 'B=1\n' },
  },
  {
    name: 'names that sort by bytes',
    unit: runs('$A'),
    dropIns: {
      'Z.conf': service('Environment=A=Z'),
      'a.conf': service('Environment=A=a'),
      '_.conf': service('Environment=A=_'),
      '9.conf': service('Environment=A=9'),
      '10.conf': service('Environment=A=10'),
    },
  },
  {
    name: 'an alias, and its drop-ins',
    unit: runs('n=%n $A $B'),
    dropIns: {
      '10.conf': service('Environment=A=own B=own'),
      '/run/systemd/system/alias-~n~.d/20.conf': service('Environment=B=alias'),
    },
    links: { '/run/systemd/system/alias-~n~': '~u~' },
    asked: 'alias-~n~',
  },
  { name: 'a bad line in the unit', unit: runs('a', 'WorkingDirectory=relative') },
  {
    name: 'a bad line in a drop-in',
    unit: runs('$A $B'),
    dropIns: { '10.conf': service('Environment=A=1', 'WorkingDirectory=relative', 'Environment=B=1') },
  },
];

export const workingDirectories: readonly ServiceText[] = [
  one('no working directory', 'a'),
  { name: 'a working directory', unit: runs('a', 'WorkingDirectory=~d~/sub/'), folders: ['sub'] },
  { name: 'a working directory with specifiers', unit: runs('a', 'WorkingDirectory=~d~/%p-%H'), folders: ['~p~-n1'] },
  { name: 'a working directory that is gone', unit: runs('a', 'WorkingDirectory=~d~/none') },
  { name: 'a working directory that is gone, behind -', unit: runs('a', 'WorkingDirectory=-~d~/none') },
  { name: 'a working directory behind -', unit: runs('a', 'WorkingDirectory=-~d~/sub'), folders: ['sub'] },
  {
    name: 'a relative working directory behind -',
    unit: runs('a', 'WorkingDirectory=~d~/sub', 'WorkingDirectory=-relative'),
    folders: ['sub'],
  },
  { name: 'a working directory with ..', unit: runs('a', 'WorkingDirectory=~d~/../x') },
  { name: 'a working directory that is reset', unit: runs('a', 'WorkingDirectory=~d~/none', 'WorkingDirectory=') },
  one('a home for a working directory', 'a', 'WorkingDirectory=~'),
  one('a user’s home for a working directory', 'a', 'User=root', 'WorkingDirectory=~'),
  one('a home for a working directory, behind -', 'a', 'WorkingDirectory=-~'),
  one('a quoted working directory', 'a', 'WorkingDirectory="/tmp"'),
  one('a working directory with an unknown specifier', 'a', 'WorkingDirectory=/tmp/%Z'),
];

/** What people write for a kubelet. */
export const kubelets: readonly ServiceText[] = [
  {
    name: 'kubeadm',
    unit: '[Unit]\nDescription=kubelet: The Kubernetes Node Agent\n\n[Service]\nExecStart=~x~\n\n[Install]\nWantedBy=multi-user.target\n',
    dropIns: {
      '10-kubeadm.conf': `# Note: This dropin only works with kubeadm and kubelet v1.11+
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
# This is a file that "kubeadm init" and "kubeadm join" generates at runtime, populating the KUBELET_KUBEADM_ARGS variable dynamically
EnvironmentFile=-~d~/kubeadm-flags.env
EnvironmentFile=-~d~/kubelet
ExecStart=
ExecStart=~x~ $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
`,
      '20-mine.conf': service('Environment="KUBELET_EXTRA_ARGS=--v=4"'),
    },
    files: {
      'kubeadm-flags.env':
        'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///run/containerd/containerd.sock --node-labels=\\"a=b,c=d\\""\n',
      kubelet: "KUBELET_EXTRA_ARGS='--node-ip=10.0.0.1  --read-only-port=0'\n",
    },
  },
  {
    name: 'by hand',
    unit: service(
      'WorkingDirectory=/var/lib',
      'ExecStart=~x~ \\',
      '  --hostname-override=%H \\',
      '  # --read-only-port=10255 \\',
      '  --config=kubelet.yaml \\',
      '  --node-labels="a=b" --v=2',
      'Restart=no',
    ),
  },
  {
    name: 'kubespray',
    unit: service(
      'EnvironmentFile=-~d~/kubelet.env',
      'ExecStart=~x~ \\',
      '\t\t$KUBE_LOGTOSTDERR \\',
      '\t\t$KUBE_LOG_LEVEL \\',
      '\t\t$KUBELET_ARGS',
    ),
    files: {
      'kubelet.env':
        'KUBE_LOG_LEVEL="--v=2"\nKUBELET_ARGS="--bootstrap-kubeconfig=/a \\\n--config=/b \\\n--kubeconfig=/c \\\n--runtime-cgroups=/system.slice/containerd.service \\\n \\\n"\n',
    },
  },
  {
    name: 'k3s',
    unit: service(
      'EnvironmentFile=-/etc/default/%N',
      'EnvironmentFile=-/etc/sysconfig/%N',
      'EnvironmentFile=-~u~.env',
      'ExecStart=~x~ \\',
      '    server \\',
      "\t'--kubelet-arg' \\",
      "\t'read-only-port=0' \\",
      '',
    ),
    files: { '/etc/default/~p~': 'K3S_TOKEN=a\n' },
  },
];
