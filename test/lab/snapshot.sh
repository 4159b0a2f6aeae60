#!/bin/bash
# Runs inside a node: lists every file that decides how the kubelet runs, with its mode, owner and contents' hash.
# One record each, ended by a NUL: MODE OWNER:GROUP WHAT PATH; WHAT is a sha256, "folder", or "link:TARGET".
set -euo pipefail

own='/var/lib/kubelet/(cpu_manager_state|memory_manager_state|dra_manager_state|(allocated|actuated)_pods_state|image_manager|device-plugins|plugins|plugins_registry|pod-resources|pods|checkpoints)(/.*)?'
shopt -s nullglob
places=(/etc/kubernetes /etc/default/kubelet /etc/sysconfig/kubelet /var/lib/kubelet /var/lib/kubelatch
  /etc/systemd/system/kubelet* /usr/lib/systemd/system/kubelet* /usr/local/lib/systemd/system/kubelet*
  /etc/systemd/system/*.wants/kubelet*
  /etc/systemd/system/*.wants/{k3s,rke2}* /etc/{default,sysconfig}/{k3s,rke2}*
  {/etc,/usr/lib,/usr/local/lib}/systemd/system/{k3s,rke2}* /etc/rancher)
if [ -d /etc/rancher ]; then
  places+=(/etc/sysctl.d /var/lib/rancher/*/agent/etc/kubelet.conf.d)
  # Where the data folder was moved to.
  while IFS= read -r folder; do
    places+=("$folder/agent/etc/kubelet.conf.d")
  done < <(sed -n 's/^data-dir: *//p' /etc/rancher/*/config.yaml /etc/rancher/*/config.yaml.d/*.yaml /dev/null | sort -u)
fi
# One program hashes all there is: a look is taken often.
declare -A hashes=()
present=()
for place in "${places[@]}"; do
  [ ! -e "$place" ] && [ ! -L "$place" ] || present+=("$place")
done
while IFS= read -r -d '' line; do
  hashes[${line:66}]=${line%% *}
done < <(find "${present[@]}" -type f -print0 | xargs -0 -r sha256sum -z --)
while IFS= read -r -d '' record; do
  meta=${record%% /*} path=/${record#* /}
  [[ ! $path =~ ^($own)$ ]] || continue
  if [ -L "$path" ]; then
    what=link:$(readlink "$path")
  elif [ -d "$path" ]; then
    what=folder
  elif [ -f "$path" ]; then
    what=${hashes[$path]-}
    # One that came since.
    [ -n "$what" ] || { what=$(sha256sum <"$path") && what=${what%% *}; }
  else
    continue
  fi
  printf '%s %s %s\0' "$meta" "$what" "$path"
done < <(find "${present[@]}" -printf '%m %u:%g %p\0' | sort -z)
