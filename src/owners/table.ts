/** The systems that own kubelets. To add one: a row here, and a node in test/owners. */
import type { Owner, Sign } from './owner.js';

const file = (...paths: readonly string[]): Sign => ({ on: 'node', paths });
/** A path that other nodes have, too. */
const hint = (...paths: readonly string[]): Sign => ({ on: 'node', paths, weak: true });
const label = (name: string): Sign => ({ on: 'label', name });
const annotation = (prefix: string): Sign => ({ on: 'annotation', prefix });
const provider = (prefix: string): Sign => ({ on: 'provider', prefix });
/** A cloud's machines are not all its managed nodes. */
const cloud = (prefix: string): Sign => ({ on: 'provider', prefix, weak: true });
const os = (prefix: string): Sign => ({ on: 'os', prefix });
const version = (part: string): Sign => ({ on: 'version', part });

const onEks = [label('eks.amazonaws.com/nodegroup'), label('eks.amazonaws.com/compute-type'), cloud('aws://')];

export const owners: readonly Owner[] = [
  {
    name: 'eks-al2023',
    title: 'EKS (nodeadm, Amazon Linux 2023)',
    effect: 'overwrites',
    first: [
      file('/etc/kubernetes/kubelet/config.json.d/40-nodeadm.conf'),
      file('/etc/systemd/system/nodeadm-run.service'),
    ],
    second: onEks,
    setIn: 'NodeConfig in the user data of the node group: spec.kubelet.config (fields) and spec.kubelet.flags',
  },
  {
    name: 'eks-al2',
    title: 'EKS (bootstrap.sh, Amazon Linux 2)',
    effect: 'overwrites',
    first: [file('/etc/eks/bootstrap.sh'), file('/etc/kubernetes/kubelet/kubelet-config.json')],
    second: onEks,
    setIn: 'the user data of the node group: /etc/eks/bootstrap.sh CLUSTER --kubelet-extra-args "..."',
  },
  {
    name: 'gke',
    title: 'GKE',
    effect: 'overwrites',
    first: [file('/home/kubernetes/kubelet-config.yaml')],
    second: [label('cloud.google.com/gke-nodepool'), cloud('gce://')],
    setIn:
      'the node system configuration of the cluster or pool, such as kubeletConfig.insecureKubeletReadonlyPortEnabled: false',
  },
  {
    name: 'aks',
    title: 'AKS',
    effect: 'overwrites',
    first: [
      file('/etc/default/kubeletconfig.json'),
      file('/etc/systemd/system/kubelet.service.d/10-componentconfig.conf'),
      hint('/etc/kubernetes/azure.json'),
    ],
    second: [label('kubernetes.azure.com/cluster'), label('kubernetes.azure.com/agentpool'), cloud('azure://')],
    setIn: 'the custom node configuration of the pool: az aks nodepool add --kubelet-config FILE',
  },
  {
    name: 'openshift',
    title: 'The Machine Config Operator of OpenShift',
    effect: 'overwrites',
    first: [file('/etc/machine-config-daemon/currentconfig')],
    second: [annotation('machineconfiguration.openshift.io/currentConfig'), label('node.openshift.io/os_id')],
    setIn: 'a KubeletConfig object (machineconfiguration.openshift.io/v1) for the machine config pool',
  },
  {
    name: 'microshift',
    title: 'MicroShift',
    effect: 'overwrites',
    first: [
      file('/usr/lib/systemd/system/microshift.service'),
      file('/etc/systemd/system/microshift.service'),
      file('/etc/microshift/config.yaml'),
    ],
    second: [file('/var/lib/microshift/resources/kubelet')],
    setIn: 'the kubelet: section of /etc/microshift/config.yaml, then restart microshift.service',
  },
  {
    name: 'talos',
    title: 'Talos',
    effect: 'overwrites',
    // It has no shell: what is known of it comes from the API server.
    first: [os('Talos ')],
    second: [annotation('networking.talos.dev/'), annotation('cluster.talos.dev/')],
    setIn: 'the machine configuration: machine.kubelet.extraConfig and extraArgs (talosctl patch machineconfig)',
  },
  {
    name: 'bottlerocket',
    title: 'Bottlerocket',
    effect: 'overwrites',
    first: [file('/etc/kubernetes/kubelet/env'), file('/.bottlerocket')],
    second: [os('Bottlerocket OS')],
    setIn:
      'settings.kubernetes.* in the user data (or: apiclient set), such as settings.kubernetes.server-tls-bootstrap',
  },
  {
    name: 'cluster-api',
    title: 'Cluster API',
    effect: 'rebuilds',
    first: [file('/run/cluster-api/bootstrap-success.complete'), hint('/run/kubeadm')],
    second: [annotation('cluster.x-k8s.io/machine'), annotation('cluster.x-k8s.io/cluster-name')],
    setIn:
      'KubeadmControlPlane and KubeadmConfigTemplate: the file of kubelatch persist --to patches under files, its folder as patches.directory of initConfiguration and joinConfiguration',
  },
  {
    name: 'gardener',
    title: 'Gardener',
    effect: 'overwrites',
    first: [
      file('/var/lib/kubelet/config/kubelet'),
      file('/var/lib/gardener-node-agent'),
      file('/etc/systemd/system/gardener-node-agent.service'),
    ],
    second: [label('worker.gardener.cloud/pool')],
    setIn: 'the Shoot: spec.kubernetes.kubelet, or spec.provider.workers[].kubernetes.kubelet for one pool',
  },
  {
    name: 'kubespray',
    title: 'kubespray',
    effect: 'overwrites',
    first: [file('/etc/kubernetes/kubelet.env', '/etc/kubernetes/kubelet-config.yaml')],
    second: [hint('/etc/kubernetes/ssl')],
    setIn:
      'group_vars: kubelet_authentication_token_webhook, kubelet_authorization_mode_webhook, kube_read_only_port, tls_cipher_suites, kubelet_rotate_server_certificates; anything else in kubelet_config_extra_args',
  },
  {
    name: 'k0s',
    title: 'k0s',
    effect: 'overwrites',
    first: [
      file('/etc/systemd/system/k0sworker.service'),
      file('/etc/systemd/system/k0scontroller.service'),
      file('/run/k0s'),
    ],
    second: [version('+k0s'), label('node.k0sproject.io/role')],
    setIn: 'spec.workerProfiles in k0s.yaml and --profile on the worker, or --kubelet-extra-args of the service',
  },
  {
    name: 'microk8s',
    title: 'MicroK8s',
    effect: 'overwrites',
    first: [file('/var/snap/microk8s/current/args/kubelet')],
    second: [label('microk8s.io/cluster')],
    setIn: '/var/snap/microk8s/current/args/kubelet (one flag a line), then: snap restart microk8s.daemon-kubelite',
  },
  {
    name: 'canonical-kubernetes',
    title: 'The Canonical Kubernetes snap',
    effect: 'overwrites',
    first: [file('/var/snap/k8s/common/args/kubelet')],
    second: [file('/etc/systemd/system/snap.k8s.kubelet.service')],
    setIn: '/var/snap/k8s/common/args/kubelet (one flag a line), then: snap restart k8s.kubelet',
  },
  {
    name: 'kind',
    title: 'kind',
    effect: 'rebuilds',
    first: [hint('/.dockerenv'), hint('/run/.containerenv'), file('/kind/version')],
    second: [provider('kind://')],
    setIn: 'the kind configuration: kubeadmConfigPatches with a KubeletConfiguration',
  },
  {
    name: 'k3d',
    title: 'k3d',
    effect: 'rebuilds',
    first: [hint('/.dockerenv'), file('/bin/k3d-entrypoint.sh')],
    second: [provider('k3s://k3d-')],
    setIn: 'the arguments of k3d cluster create: --k3s-arg "--kubelet-arg=NAME=VALUE@all"',
  },
  {
    name: 'flatcar',
    title: 'Ignition (Flatcar)',
    effect: 'rebuilds',
    editable: true,
    first: [file('/usr/share/flatcar/release')],
    second: [os('Flatcar ')],
    setIn: 'the Ignition (Butane) configuration of the machine, so that a new one has it, too',
  },
];
