# shellcheck shell=bash
# Writes one node's disk before it boots: address, keys, units and the kubelet's files; sourced by up.sh.

# runtime_flags KUBELET: the flags for containerd; the first of them is gone in kubelets from 1.27 on.
runtime_flags() {
  local minor
  minor=$("$1" --version 2>/dev/null | sed -n 's/^Kubernetes v1\.\([0-9]*\).*/\1/p')
  [ "${minor:-20}" -ge 27 ] || printf -- '--container-runtime=remote '
  printf -- '--container-runtime-endpoint=unix:///run/containerd/containerd.sock'
}

# lay SHAPE ROOT NAME ADDRESS: copies a shape's tree; files ending in .in get the node's name and addresses.
lay() {
  local file target
  while IFS= read -r file; do
    target=$2/${file%.in}
    install -D -m 644 "$LAB_HERE/shapes/$1/$file" "$target"
    [ "$file" != "${file%.in}" ] || continue
    sed -i -e "s|@NAME@|$3|g" -e "s|@ADDRESS@|$4|g" \
      -e "s|@PODS@|10.244.${4##*.}.0/24|g" -e "s|@RUNTIME@|$LAB_RUNTIME|g" "$target"
  done < <(cd "$LAB_HERE/shapes/$1" && find . -type f -printf '%P\n')
}

# start_at_boot ROOT TARGET UNIT-FILE...: what `systemctl enable` would do
start_at_boot() {
  local root=$1 target=$2 unit
  shift 2
  mkdir -p "$root/etc/systemd/system/$target.wants"
  for unit in "$@"; do
    ln -sfn "$unit" "$root/etc/systemd/system/$target.wants/${unit##*/}"
  done
}

# keys_and_names ROOT NAME: host name, host key and the lab's own key for every user
keys_and_names() {
  local root=$1 user home
  echo "$2" >"$root/etc/hostname"
  # An identity of its own; an empty one would make the first boot reset which units start.
  tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
  { echo "127.0.0.1 localhost" && cat "$LAB_STATE/hosts"; } >"$root/etc/hosts"
  echo "nameserver 127.0.0.1" >"$root/etc/resolv.conf"
  ssh-keygen -q -t ed25519 -N '' -C "$2" -f "$root/etc/ssh/ssh_host_ed25519_key"
  for user in root deploy ops pwuser; do
    home=$(chroot "$root" sh -c "echo ~$user")
    install -d -m 700 "$root$home/.ssh"
    # One user comes in by password only.
    [ "$user" = pwuser ] || install -m 600 "$LAB_STATE/key.pub" "$root$home/.ssh/authorized_keys"
    chroot "$root" chown -R "$user:$user" "$home/.ssh"
  done
}

# programs ROOT FOLDER PROGRAM...: links from FOLDER to where the cluster's programs are mounted
programs() {
  local root=$1 folder=$2 program
  shift 2
  mkdir -p "$root$folder"
  for program in "$@"; do
    [ ! -e "$LAB_PROGRAM_FOLDER/$program" ] || ln -sfn "/opt/lab/$program" "$root$folder/$program"
  done
}

kubeadm_node() { # ROOT NAME ADDRESS
  local root=$1
  lay kubeadm "$@"
  programs "$root" /usr/bin kubelet kubeadm kubectl
  install -d -m 755 "$root/etc/kubernetes/pki" "$root/etc/kubernetes/manifests"
  install -m 644 "$LAB_PKI/ca.crt" "$root/etc/kubernetes/pki/ca.crt"
  node_certificate "$2" "$root/var/lib/kubelet/pki"
  install -m 600 /dev/null "$root/etc/kubernetes/kubelet.conf"
  kubeconfig_of_node "$2" >"$root/etc/kubernetes/kubelet.conf"
  start_at_boot "$root" multi-user.target /lib/systemd/system/kubelet.service
}

systemd_node() { # ROOT NAME ADDRESS
  local root=$1
  lay systemd "$@"
  programs "$root" /usr/local/bin kubelet
  install -D -m 644 "$LAB_PKI/ca.crt" "$root/etc/kubernetes/ssl/ca.pem"
  node_certificate "$2" "$root/var/lib/kubelet/pki"
  install -m 600 /dev/null "$root/var/lib/kubelet/kubeconfig"
  kubeconfig_of_node "$2" >"$root/var/lib/kubelet/kubeconfig"
  start_at_boot "$root" multi-user.target /etc/systemd/system/kubelet.service
}

control_plane() { # ROOT NAME ADDRESS
  local root=$1 file
  lay control-plane "$@"
  programs "$root" /usr/local/bin kube-apiserver kube-controller-manager
  install -d -m 755 "$root/etc/kubernetes/pki"
  for file in "$LAB_PKI"/{ca,front-proxy-ca,apiserver,apiserver-kubelet-client,front-proxy-client}.{crt,key} "$LAB_PKI"/sa.{pub,key}; do
    case $file in
      *.key) install -m 600 "$file" "$root/etc/kubernetes/pki/" ;;
      *) install -m 644 "$file" "$root/etc/kubernetes/pki/" ;;
    esac
  done
  install -d -m 700 "$root/root/.kube"
  install -m 600 "$LAB_STATE/kubeconfig" "$root/etc/kubernetes/admin.conf"
  install -m 600 "$LAB_STATE/kubeconfig" "$root/root/.kube/config"
  install -m 600 /dev/null "$root/etc/kubernetes/controller-manager.conf"
  kubeconfig_embedded system:kube-controller-manager controller-manager >"$root/etc/kubernetes/controller-manager.conf"
  start_at_boot "$root" multi-user.target /etc/systemd/system/{kube-apiserver,kube-controller-manager}.service
  [ "$LAB_KIND" = standin ] || start_at_boot "$root" multi-user.target /etc/systemd/system/lab-etcd.service
}

# What tests may change is kept beside the disk, read-only in the node: plant.sh copies it back.
PLANTED=(etc/kubernetes etc/default/kubelet etc/sysconfig/kubelet etc/cni/net.d etc/hosts
  etc/systemd/system/kubelet.service etc/systemd/system/kubelet.service.d
  usr/lib/systemd/system/kubelet.service usr/lib/systemd/system/kubelet.service.d
  usr/local/lib/systemd/system etc/ssh var/lib/kubelet)

# make_root NAME ADDRESS SHAPE
make_root() {
  local folder=$LAB_STATE/nodes/$1 root=$LAB_STATE/nodes/$1/root item
  mkdir -p "$folder"/{upper,work,root,planted}
  mount -t overlay "lab-$1" -o "lowerdir=$LAB_BASE,upperdir=$folder/upper,workdir=$folder/work" "$root"
  keys_and_names "$root" "$1"
  lay every "$root" "$1" "$2"
  mkdir -p "$root/opt/cni" "$root/opt/lab" "$root/opt/planted"
  ln -sfn /usr/lib/cni "$root/opt/cni/bin"
  start_at_boot "$root" sysinit.target /etc/systemd/system/lab-net.service
  case $3 in
    control-plane)
      kubeadm_node "$root" "$1" "$2"
      control_plane "$root" "$1" "$2"
      ;;
    kubeadm) kubeadm_node "$root" "$1" "$2" ;;
    systemd) systemd_node "$root" "$1" "$2" ;;
    *) fail "node $1 has the unknown shape '$3'" "shapes: kubeadm systemd" ;;
  esac
  if [ "$LAB_KIND" = standin ]; then
    ln -sfn /dev/null "$root/etc/systemd/system/containerd.service"
  else
    start_at_boot "$root" multi-user.target /lib/systemd/system/containerd.service
  fi
  printf '%s\n' "$3" >"$folder/shape"
  printf '%s\n' "$2" >"$folder/address"
  for item in "${PLANTED[@]}"; do
    [ ! -e "$root/$item" ] || (cd "$root" && cp -a --parents "$item" "$folder/planted/")
  done
  printf '%s\n' "${PLANTED[@]}" >"$folder/planted/places"
}
