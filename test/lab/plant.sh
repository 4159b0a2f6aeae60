#!/bin/bash
# Runs inside a node: stops the kubelet and puts its files back to the weak state they were planted in, byte for byte.
set -euo pipefail
planted=/opt/planted
unit=$(cat $planted/unit)

systemctl stop --no-block "$unit"
# Whatever kubelatch itself has left: units, their links, its folder.
find /etc/systemd/system /run/systemd/system -name 'kubelatch*' -exec rm -rf {} + 2>/dev/null || true
rm -rf /etc/kubelatch /var/lib/kubelatch /run/kubelatch "/run/systemd/system/$unit.service.d" "/run/systemd/system/$unit.service"

[ ! -x /usr/sbin/nft ] || nft delete table inet kubelatch 2>/dev/null || true

# The kubelet's own working files are not ours to put back.
own='/var/lib/kubelet/(cpu_manager_state|memory_manager_state|dra_manager_state|(allocated|actuated)_pods_state|image_manager|device-plugins|plugins|plugins_registry|pod-resources|pods|checkpoints)(/.*)?|/var/lib/kubelet/pki/kubelet\.(crt|key)'
while read -r place; do
  if [ -d "$planted/$place" ]; then
    [ -d "/$place" ] || rm -rf "/${place:?}"
    # Deepest first, so that a folder is empty when its turn comes.
    while IFS= read -r -d '' path; do
      [[ $path =~ ^($own)$ ]] || [ -e "$planted$path" ] || [ -L "$planted$path" ] || rm -rf "$path"
    done < <(find "/$place" -depth -mindepth 1 -print0 2>/dev/null)
    mkdir -p "/$place"
    cp -a --remove-destination "$planted/$place/." "/$place/"
  elif [ -e "$planted/$place" ]; then
    mkdir -p "/$(dirname "$place")"
    cp -a --remove-destination "$planted/$place" "/$place"
  else
    rm -rf "/${place:?}"
  fi
done <"$planted/places"
systemctl daemon-reload
systemctl unmask -q "$unit" 2>/dev/null || true
systemctl reset-failed "$unit" 2>/dev/null || true
systemctl is-active -q ssh || systemctl start ssh
