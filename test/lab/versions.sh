# shellcheck shell=bash
# What differs between versions of the real programs: flags, fields, etcd, the releases of k3s and RKE2; sourced by up.sh.

# take_version KUBELET: reads its version once; all that hangs on it is chosen here
take_version() {
  local said
  said=$("$1" --version 2>&1 | tail -n 1 || true)
  [[ $said =~ ^Kubernetes\ (v1\.([0-9]+)\.[0-9]+) ]] ||
    fail "$1 does not tell its version: it says '${said:0:100}'" "it must run on this machine, and say 'Kubernetes v1.MINOR.PATCH'"
  LAB_RELEASE=${BASH_REMATCH[1]} LAB_MINOR=${BASH_REMATCH[2]}
  LAB_RUNTIME=--container-runtime-endpoint=unix:///run/containerd/containerd.sock
  # Containerd has to be asked for before 1.24; from 1.27 on the flag ends a kubelet.
  [ "$LAB_MINOR" -ge 27 ] || LAB_RUNTIME="--container-runtime=remote $LAB_RUNTIME"
  # The products' nodes say the kubelet's own release where it is of their generation.
  LAB_NEW_RELEASE=v1.33.5 LAB_OLD_RELEASE=v1.31.4
  if [ "$LAB_KIND" = real ] && [ "$LAB_MINOR" -ge 32 ]; then
    LAB_NEW_RELEASE=$LAB_RELEASE
  elif [ "$LAB_KIND" = real ] && [ "$LAB_MINOR" -ge 29 ]; then
    LAB_OLD_RELEASE=$LAB_RELEASE
  fi
  export LAB_MINOR LAB_RUNTIME LAB_NEW_RELEASE LAB_OLD_RELEASE
}

# without_newer FILE...: takes out of a node's files what only newer kubelets know.
without_newer() {
  # From 1.35 on a kubelet ends on a machine with the first version of control groups, if it is not told to go on.
  [ "$LAB_MINOR" -ge 35 ] || sed -i -e '/^failCgroupV1: /d' -e 's/ --fail-cgroupv1=false//' "$@"
}
