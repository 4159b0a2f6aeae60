/** What kubeadm writes to a node, and from where (cmd/kubeadm/app: componentconfigs/kubelet.go, phases/kubelet/config.go, util/patches). */
import type { PlaceToKeep, SharedConfig } from './shared-config.js';

const patchFolder = '/etc/kubernetes/patches';
const dropInFolder = '/etc/kubernetes/kubelet.conf.d';
const restart = 'systemctl restart kubelet';

const places: readonly PlaceToKeep[] = [
  {
    to: 'configmap',
    title: 'the ConfigMap that kubeadm writes nodes from',
    pros: [
      'One edit serves every node, also those that join later.',
      'Every kubeadm upgrade and join reads it; nothing has to be given on the command line.',
    ],
    cons: [
      'It holds for all nodes: a setting that one node cannot take has no place in it.',
      'Nodes that exist get it at the next upgrade, or by: kubeadm upgrade node phase kubelet-config.',
      'kubeadm keeps a ConfigMap that was edited as it is and no longer adds its own new defaults.',
      'kubeadm init phase upload-config kubelet overwrites it.',
    ],
  },
  {
    to: 'patches',
    title: 'a folder of patches for kubeadm',
    pros: [
      'It can stand in your own repository, and nodes can have different folders.',
      'It wins over the ConfigMap, and nothing in the cluster changes.',
    ],
    cons: [
      'kubeadm does not store it: every init, join and upgrade on every node needs --patches.',
      'One command without --patches brings the weak values back.',
      'kubeadm 1.25 or newer.',
    ],
  },
  {
    to: 'drop-in',
    title: 'a drop-in in a folder that the kubelet reads itself',
    pros: [
      'kubeadm never writes there, so it survives every kubeadm command.',
      'It wins over config.yaml, and may hold values of one node, such as paths of certificates.',
    ],
    cons: [
      'Kubelets 1.30 or newer; 1.28 and 1.29 start with it only with an environment variable for alpha features.',
      'Each node needs the file and the flag: put both into the image or the bootstrap of new nodes.',
      'A list in it replaces the whole list; a misspelt key is ignored without a word.',
    ],
  },
];

export const kubeadmSharedConfig: SharedConfig = {
  namespace: 'kube-system',
  // One ConfigMap per minor version up to 1.23.
  nameFor: (minor) => (minor !== undefined && minor < 24 ? `kubelet-config-1.${minor}` : 'kubelet-config'),
  key: 'kubelet',
  path: '/var/lib/kubelet/config.yaml',
  writers: 'kubeadm join and kubeadm upgrade',
  forced: new Map([['rotateCertificates', true]]),
  filledIn: new Map([
    ['authentication.x509.clientCAFile', '/etc/kubernetes/pki/ca.crt'],
    ['staticPodPath', '/etc/kubernetes/manifests'],
  ]),
  patches: {
    since: 25,
    fileName: 'kubeletconfiguration0+strategic.yaml',
    folder: patchFolder,
    commands: [
      `# copy the folder to each node as ${patchFolder}, then give it to every kubeadm command:`,
      `kubeadm upgrade apply VERSION --patches ${patchFolder}   # first control-plane node`,
      `kubeadm upgrade node --patches ${patchFolder}            # every other node`,
      `kubeadm join ... --patches ${patchFolder}                # a new node`,
      '# in a kubeadm configuration file: patches.directory of InitConfiguration, JoinConfiguration and UpgradeConfiguration',
      '# to bring it to a node now:',
      `kubeadm upgrade node phase kubelet-config --patches ${patchFolder} && ${restart}`,
    ],
  },
  dropIn: {
    since: 30,
    path: `${dropInFolder}/90-kubelatch.conf`,
    commands: [
      '# on each node, as root:',
      `install -d -m 0755 ${dropInFolder}`,
      `install -m 0600 90-kubelatch.conf ${dropInFolder}/90-kubelatch.conf`,
      '# add to KUBELET_EXTRA_ARGS in /etc/default/kubelet (Debian, Ubuntu) or /etc/sysconfig/kubelet (others):',
      `#   --config-dir=${dropInFolder}`,
      restart,
    ],
  },
  refresh: [
    '# nodes keep their files until the next upgrade; to bring it to a node now:',
    `kubeadm upgrade node phase kubelet-config && ${restart}`,
  ],
  places,
};
