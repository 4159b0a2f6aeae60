#!/bin/bash
# Ends the nodes that up.sh started, by their recorded ids, and removes their disks and the bridge.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/lab/place.sh
. "$here/place.sh"

[ -d "$LAB_STATE" ] || {
  say "no lab is up"
  exit 0
}
need_root
if [ -z "${KUBELATCH_LAB_LOCKED:-}" ]; then
  exec 8>"$(lock_of "$LAB_NET")"
  flock -w 100 8 || fail "a lab is being started right now" "end that command first"
fi

# Every process of a node is in the node's own control groups, the keeper and its supervisor among them.
processes() {
  local group
  while read -r group; do
    [ ! -d "$group" ] || find "$group" -name cgroup.procs -exec cat {} + 2>/dev/null
  done < <(control_groups "$1") | sort -u
}
mapfile -t nodes < <(node_names)
for node in "${nodes[@]}"; do
  # The keeper first, or it would start the node again.
  pid=$(keeper "$node" || true)
  [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
  mapfile -t pids < <(processes "$node")
  [ ${#pids[@]} -eq 0 ] || kill -KILL "${pids[@]}" 2>/dev/null || true
done
for node in "${nodes[@]}"; do
  for _ in $(seq 100); do
    [ -n "$(processes "$node")" ] || break
    sleep 0.1
  done
  while read -r group; do
    [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done < <(control_groups "$node")
  # Its end of the link goes with its processes, but only after a while.
  ip link delete "vb-$LAB_TAG$node" 2>/dev/null || true
  umount -l "$LAB_STATE/nodes/$node/root" 2>/dev/null || true
  ! mountpoint -q "$LAB_STATE/nodes/$node/disk" || umount -l "$LAB_STATE/nodes/$node/disk"
done
ip link delete "$LAB_BRIDGE" 2>/dev/null || true
# Only the tmpfs that up.sh mounted bears this name; another lab may still need it, or needs it already and has no bridge yet.
compgen -G '/sys/class/net/kubelatch*' >/dev/null || ! grep -q '^kubelatch-lab /run/systemd/nspawn ' /proc/mounts ||
  umount /run/systemd/nspawn 2>/dev/null || true
rm -rf --one-file-system "$LAB_STATE"
say "the lab is down"
