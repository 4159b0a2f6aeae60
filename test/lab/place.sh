# shellcheck shell=bash
# Where the lab keeps its things and which addresses it uses; sourced by the lab's scripts.

# What is made once and kept: programs and the node image.
LAB_CACHE=${KUBELATCH_LAB_CACHE:-/var/cache/kubelatch-lab}
# What one running lab needs; removed by down.sh.
LAB_STATE=${KUBELATCH_LAB_STATE:-/var/lib/kubelatch-lab}
LAB_PKI=$LAB_STATE/pki
LAB_VERSION=v1.20.2
# A second lab needs another state folder and another network; a running one remembers its own.
LAB_NET=${KUBELATCH_LAB_NET:-$(cat "$LAB_STATE/net" 2>/dev/null || echo 10.77.0)}
[[ $LAB_NET =~ ^10\.[0-9]{1,3}\.[0-9]{1,3}$ ]] || {
  printf 'lab: KUBELATCH_LAB_NET=%s is not of the form 10.X.Y\n' "$LAB_NET" >&2
  exit 64
}
# tag_of NET: what its names begin with, short because names of links are; nothing for the usual net
tag_of() {
  local x y
  IFS=. read -r _ x y <<<"$1"
  [ "$1" = 10.77.0 ] || printf '%02x%02x-' "$((10#$x))" "$((10#$y))"
}
# lock_of NET: held while a lab on it is started or ended
lock_of() { printf '%s/up%s.lock\n' "$LAB_CACHE" "$(tag_of "$1")"; }
LAB_TAG=$(tag_of "$LAB_NET")
LAB_BRIDGE=kubelatch0
[ -z "$LAB_TAG" ] || LAB_BRIDGE=kubelatch-${LAB_TAG%-}
LAB_CONTROL=$LAB_NET.10
# Megabytes of a disk in memory for each node; empty: they share this machine's.
LAB_DISK=${KUBELATCH_LAB_DISK:-}
LAB_BINARIES=$(realpath -m "${KUBELATCH_LAB_BINARIES:-$LAB_CACHE/kubernetes/$LAB_VERSION/bin}")
LAB_BASE=$LAB_CACHE/base
LAB_PROGRAMS=(kube-apiserver kube-controller-manager kubelet kubectl)
export LAB_DISK LAB_CACHE LAB_STATE LAB_PKI LAB_VERSION LAB_BRIDGE LAB_NET LAB_TAG LAB_CONTROL LAB_BINARIES LAB_BASE LAB_PROGRAMS

say() { printf 'lab: %s\n' "$*"; }
fail() {
  printf 'lab: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf '  hint: %s\n' "$2" >&2
  exit 1
}

# Every program of the cluster is in the folder.
have_programs() {
  local program
  for program in "${LAB_PROGRAMS[@]}"; do
    [ -x "$1/$program" ] || return 1
  done
}

need_root() {
  [ "$(id -u)" -eq 0 ] || fail "the lab boots machines and needs root" "run it as root on Debian 12"
}

# The process that keeps a node running, if it still does: its number is read together with its start time,
# because a number alone may by now belong to somebody else.
keeper() {
  local pid began now
  read -r pid began <"$LAB_STATE/nodes/$1/keeper" 2>/dev/null || return 1
  now=$(began_at "$pid") || return 1
  [ "$now" = "$began" ] && printf '%s\n' "$pid"
}

began_at() {
  local stat fields
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # The second field may hold blanks; what follows its bracket does not.
  read -r -a fields <<<"${stat##*) }"
  printf '%s\n' "${fields[19]}"
}

# The first process of a node, as the host numbers it: the child of the keeper's only child.
leader() {
  local pid
  pid=$(keeper "$1") || return 1
  pid=$(first_child "$pid") && first_child "$pid"
}

first_child() {
  local child
  child=$(cat "/proc/$1/task/$1/children" 2>/dev/null)
  [ -n "$child" ] && printf '%s\n' "${child%% *}"
}

# The node's own control groups, one in each hierarchy. With the second version there is one hierarchy, the root itself.
control_groups() {
  local hierarchy
  for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
    if [ ! -e "$hierarchy/cgroup.procs" ] || [ -L "$hierarchy" ]; then continue; fi
    printf '%s\n' "$hierarchy/kubelatch-lab-$LAB_TAG$1"
    [ "$hierarchy" != /sys/fs/cgroup ] || break
  done
}

node_names() {
  local folder
  for folder in "$LAB_STATE"/nodes/*/; do
    [ ! -d "$folder" ] || basename "$folder"
  done
}
