#!/bin/bash
# Keeps one node running until down.sh ends it; started by up.sh as the leader of its own session.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/lab/place.sh
. "$here/place.sh"

printf '%s %s\n' "$$" "$(began_at $$)" >"$LAB_FOLDER/keeper"
# Nodes that shared a control group would see each other's services in their own units.
while read -r group; do
  mkdir -p "$group"
  # A new one of this hierarchy has no processors, and takes no process without.
  for list in cpuset.cpus cpuset.mems; do
    [ ! -w "$group/$list" ] || [ -e "$group/cgroup.controllers" ] || cat "$group/../$list" >"$group/$list"
  done
  echo $$ >"$group/cgroup.procs"
done < <(control_groups "$LAB_MACHINE")
# The kernel's parameters of a container are its own network's: the kubelet sets some.
export SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes
while :; do
  systemd-nspawn -q -D "$LAB_FOLDER/root" --machine="$LAB_TAG$LAB_MACHINE" --hostname="$LAB_MACHINE" --register=no --keep-unit --boot --link-journal=no --resolv-conf=off \
    --network-bridge="$LAB_BRIDGE" --capability=all --system-call-filter="add_key keyctl bpf" --kill-signal=SIGRTMIN+3 \
    --bind=/dev/kmsg --bind-ro="$LAB_PROGRAM_FOLDER:/opt/lab" --bind-ro="$LAB_FOLDER/planted:/opt/planted" --bind-ro="$LAB_NODE:/opt/node" \
    ${LAB_SUPERVISOR:+--bind-ro="$LAB_SUPERVISOR:/opt/supervisor"} \
    ${LAB_IMAGES:+--bind-ro="$LAB_IMAGES:/var/lib/rancher/$LAB_PRODUCT/agent/images"}
  status=$?
  if [ -e "$LAB_FOLDER/off.seen" ]; then
    # power.sh cut its power, and gives it back.
    rm -f "$LAB_FOLDER/off.seen"
    while [ -e "$LAB_FOLDER/off" ]; do sleep 0.1; done
    continue
  fi
  # 133: the node asked for a reboot.
  [ "$status" -eq 133 ] || break
done
