#!/bin/bash
# Boots the lab: a control plane (cp1) and nodes, on the real cluster or on the stand-in.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/lab/place.sh
. "$here/place.sh"
usage() {
  cat >&2 <<'U'
usage: up.sh real|standin [--name LAB] [NAME:SHAPE ...]
  SHAPE is kubeadm, systemd, k3s-server, k3s-agent, rke2-server or rke2-agent; the last four also with -old behind
  (before 1.32), the k3s ones with @UNIT for a unit of another name. Default: n1:kubeadm n2:kubeadm n3:systemd
U
  exit 64
}

kind=${1:-}
[ "$kind" = real ] || [ "$kind" = standin ] || usage
shift
name=kubelatch-lab
nodes=()
while [ $# -gt 0 ]; do
  case $1 in
    --name) name=${2:?--name needs a value} && shift 2 ;;
    *)
      [[ $1 =~ ^[a-z][a-z0-9]{0,6}:(kubeadm|systemd|(k3s|rke2)-(server|agent)(-old)?|k3s-(server|agent)(-old)?@[a-z0-9-]+)$ ]] || usage
      nodes+=("$1")
      shift
      ;;
  esac
done
[ ${#nodes[@]} -gt 0 ] || nodes=(n1:kubeadm n2:kubeadm n3:systemd)
need_root
# shellcheck source=test/lab/product.sh
. "$here/product.sh"
find_product "${nodes[@]}"

mkdir -p "$LAB_CACHE" "$(dirname "$LAB_STATE")"
exec 8>"$(lock_of "$LAB_NET")"
flock -n 8 || fail "another lab is being started or stopped right now" "wait for it"
# One that is not complete has crashed on its way up: the lock says that nobody is still at it.
[ ! -e "$LAB_STATE/ready" ] || for node in $(node_names); do
  ! keeper "$node" >/dev/null || fail "a lab is already up in $LAB_STATE ($(cat "$LAB_STATE/kind" 2>/dev/null))" "end it first: $here/down.sh"
done
# What a lab that crashed has left behind.
[ ! -d "$LAB_STATE" ] || KUBELATCH_LAB_LOCKED=1 "$here/down.sh" 8>&-
! ip link show "$LAB_BRIDGE" >/dev/null 2>&1 ||
  fail "the bridge $LAB_BRIDGE belongs to a lab with another state folder" \
    "end that one with its KUBELATCH_LAB_STATE and down.sh, or set KUBELATCH_LAB_NET=10.X.Y for this one"

"$here/base.sh" 8>&-
if [ "$kind" = real ]; then
  "$here/kubernetes.sh" 8>&-
  LAB_PROGRAM_FOLDER=$LAB_BINARIES
else
  LAB_PROGRAM_FOLDER=$("$here/programs.sh" standin 8>&-)
fi
LAB_SUPERVISOR=
[ -n "$LAB_PRODUCT" ] || [[ ! ${nodes[*]} =~ :(k3s|rke2)- ]] || LAB_SUPERVISOR=$("$here/programs.sh" supervisor 8>&-)
LAB_HERE=$here
LAB_KIND=$kind
# shellcheck source=test/lab/versions.sh
. "$here/versions.sh"
take_version "$LAB_PROGRAM_FOLDER/kubelet"
LAB_ETCD=
[ "$kind" = standin ] || LAB_ETCD=$("$here/etcd.sh" "$LAB_MINOR" 8>&-)
began=$SECONDS
trap 'say "stopped; $here/down.sh removes what is there; consoles: $LAB_STATE/nodes/NAME/console.log" >&2' EXIT

# shellcheck source=test/lab/pki.sh
. "$here/pki.sh"
# shellcheck source=test/lab/node-root.sh
. "$here/node-root.sh"
mkdir -p "$LAB_STATE"/{nodes,api}
chmod 700 "$LAB_STATE"
echo "$kind" >"$LAB_STATE/kind"
echo "$name" >"$LAB_STATE/name"
echo "$LAB_NET" >"$LAB_STATE/net"
echo "$LAB_PRODUCT" >"$LAB_STATE/product"
ssh-keygen -q -t ed25519 -N '' -C kubelatch-lab -f "$LAB_STATE/key"
declare -A shape=([cp1]=control-plane)
echo "$LAB_CONTROL cp1" >"$LAB_STATE/hosts"
last=10
for node in "${nodes[@]}"; do
  last=$((last + 1))
  shape[${node%%:*}]=${node#*:}
  echo "$LAB_NET.$last ${node%%:*}" >>"$LAB_STATE/hosts"
done
for node in "${!shape[@]}"; do
  printf '%s %s\n' "$node" "${shape[$node]}"
done >"$LAB_STATE/shapes"
make_cluster_pki
(umask 077 && kubeconfig_embedded kubernetes-admin admin >"$LAB_STATE/kubeconfig")
# How the lab's scripts and tests reach the API server.
echo "$LAB_CONTROL" >"$LAB_STATE/api/address"
cp -p "$LAB_PKI"/{ca.crt,admin.crt,admin.key} "$LAB_STATE/api/"
export LAB_HERE LAB_KIND LAB_ETCD LAB_SUPERVISOR LAB_PRODUCT LAB_PRODUCT_FILE LAB_PRODUCT_VERSION
if [ -x "$LAB_PROGRAM_FOLDER/kubectl" ]; then
  ln -sfn "$LAB_PROGRAM_FOLDER/kubectl" "$LAB_STATE/kubectl"
else
  ln -sfn "$LAB_BASE/usr/bin/kubectl" "$LAB_STATE/kubectl"
fi

# Every node's systemd, runtime and kubelet watch files; the kernel's usual 128 watches are used up by eight nodes.
if [ "$(cat /proc/sys/fs/inotify/max_user_instances)" -lt 1024 ]; then
  say "raising fs.inotify.max_user_instances to 1024"
  echo 1024 >/proc/sys/fs/inotify/max_user_instances
fi
ip link add "$LAB_BRIDGE" type bridge
ip addr add "$LAB_NET.1/24" dev "$LAB_BRIDGE"
ip link set "$LAB_BRIDGE" up
# A container can reboot only if this is a tmpfs.
mkdir -p /run/systemd/nspawn
if ! mountpoint -q /run/systemd/nspawn; then
  mount -t tmpfs kubelatch-lab /run/systemd/nspawn
fi

boot() { # NAME
  local folder=$LAB_STATE/nodes/$1
  LAB_IMAGES=${LAB_PRODUCT:+${KUBELATCH_LAB_IMAGES:-}} LAB_MACHINE=$1 LAB_FOLDER=$folder LAB_PROGRAM_FOLDER=$LAB_PROGRAM_FOLDER LAB_NODE=$(readlink -f "$(command -v node)") \
    setsid "$here/keep.sh" >>"$folder/console.log" 2>&1 </dev/null 8>&- &
}
while read -r address node; do
  {
    make_root "$node" "$address" "${shape[$node]}"
    boot "$node"
  } &
  making+=($!)
done <"$LAB_STATE/hosts"
for job in "${making[@]}"; do
  wait "$job" || fail "a node's disk could not be made"
done
while read -r address node; do
  printf '%s,%s %s\n' "$node" "$address" "$(cut -d' ' -f1,2 "$LAB_STATE/nodes/$node/root/etc/ssh/ssh_host_ed25519_key.pub")"
done <"$LAB_STATE/hosts" >"$LAB_STATE/known_hosts"
say "$((SECONDS - began)) s: ${#shape[@]} nodes are booting; waiting for the API server"
[ -z "$LAB_PRODUCT" ] || take_api_of_product
"$here/settle.sh"
say "$((SECONDS - began)) s: the $kind lab is up: KUBECONFIG=$LAB_STATE/kubeconfig $LAB_STATE/kubectl, ssh -i $LAB_STATE/key root@ADDRESS"
cat "$LAB_STATE/hosts"
touch "$LAB_STATE/ready"
trap - EXIT
