#!/bin/bash
# Waits until the cluster answers and every node is Ready, and gives it what kubeadm would: labels and the kubelet's ConfigMap.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/lab/place.sh
. "$here/place.sh"

api() { # METHOD PATH [TYPE BODY]
  local more=()
  [ $# -lt 3 ] || more=(-H "Content-Type: $3" --data-binary "$4")
  curl -sS --max-time 10 --cacert "$LAB_STATE/api/ca.crt" --cert "$LAB_STATE/api/admin.crt" --key "$LAB_STATE/api/admin.key" \
    -X "$1" "${more[@]}" "https://$(cat "$LAB_STATE/api/address"):6443$2"
}
# tell_of NODE...: what a person needs to see why a node did not come up
tell_of() {
  local node
  for node in "$@"; do
    printf -- '--- %s\n' "$node" >&2
    timeout 10 "$here/enter.sh" "$node" 'systemctl --no-pager --failed; journalctl --no-pager -n 15' >&2 || tail -n 15 "$LAB_STATE/nodes/$node/console.log" >&2
  done
}

product=$(cat "$LAB_STATE/product")
mapfile -t wanted < <(node_names)
# On an idle machine it takes 15 s; a busy one may need minutes.
patience=180
if [ -n "$product" ]; then
  # Its cluster is one of its own, without cp1.
  mapfile -t wanted < <(node_names | grep -vx cp1)
  patience=300
fi
deadline=$((SECONDS + patience))
until [ "$(api GET /readyz 2>/dev/null)" = ok ]; do
  [ "$SECONDS" -lt "$deadline" ] || { tell_of cp1 && fail "the API server did not come up"; }
  sleep 0.3
done

version=$(api GET /version | jq -r '.minor | sub("[^0-9].*"; "") | tonumber')
map=kubelet-config
[ "$version" -ge 24 ] || map=kubelet-config-1.$version
until body=$(jq -n --arg name "$map" --rawfile kubelet "$LAB_STATE/nodes/cp1/planted/var/lib/kubelet/config.yaml" \
  '{apiVersion: "v1", kind: "ConfigMap", metadata: {name: $name, namespace: "kube-system"}, data: {kubelet: $kubelet}}') &&
  [[ $(api POST /api/v1/namespaces/kube-system/configmaps application/json "$body" | jq -r '.kind + " " + (.reason // "")') =~ ^ConfigMap|AlreadyExists ]]; do
  [ "$SECONDS" -lt "$deadline" ] || fail "the kubelet's ConfigMap could not be stored"
  sleep 0.5
done

ready='[.items[] | select(any(.status.conditions[]?; .type == "Ready" and .status == "True")) | .metadata.name] | sort | .[]'
while :; do
  mapfile -t up < <(api GET /api/v1/nodes 2>/dev/null | jq -r "$ready" 2>/dev/null)
  [ "${#up[@]}" -lt "${#wanted[@]}" ] || break
  if [ "$SECONDS" -ge "$deadline" ]; then
    mapfile -t late < <(comm -23 <(printf '%s\n' "${wanted[@]}" | sort) <(printf '%s\n' "${up[@]}" | sort))
    tell_of "${late[@]}"
    fail "not Ready after $patience s: ${late[*]}"
  fi
  sleep 0.3
done
labels='{"metadata":{"labels":{"node-role.kubernetes.io/control-plane":"","node-role.kubernetes.io/master":""}}}'
# As k3s and RKE2 label their servers.
while read -r node shape; do
  [[ $shape =~ ^(k3s|rke2)-server ]] || continue
  roles='{"metadata":{"labels":{"node-role.kubernetes.io/control-plane":"true","node-role.kubernetes.io/master":"true","node-role.kubernetes.io/etcd":"true"}}}'
  api PATCH "/api/v1/nodes/$node" application/merge-patch+json "$roles" | jq -e '.kind == "Node"' >/dev/null ||
    fail "$node could not be labelled as a server"
done <"$LAB_STATE/shapes"
[ -n "$product" ] || api PATCH /api/v1/nodes/cp1 application/merge-patch+json "$labels" | jq -e '.kind == "Node"' >/dev/null ||
  fail "cp1 could not be labelled as the control plane"
