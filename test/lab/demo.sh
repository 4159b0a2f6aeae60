#!/bin/bash
# The main job on a lab fleet, for somebody to watch: weak nodes are audited and hardened, one that fails is reverted, one
# is rolled back. Does its own set-up on a fresh Debian machine, uses the stand-in cluster, and leaves nothing running. It
# leaves the packages that it installed and the cache of the lab, and says at the end how to remove that cache.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# Each step gets a process group of its own, so that it can be ended with all that it started.
set -m
# shellcheck source=test/lab/place.sh
. test/lab/place.sh
# shellcheck source=test/lab/demo-screen.sh
. test/lab/demo-screen.sh

ours=no
leave() {
  local status=$?
  trap - EXIT
  trap '' INT TERM
  end_jobs
  if [ "$ours" = yes ] && [ -d "$LAB_STATE" ]; then
    printf '\n'
    quietly cleaning_up
  fi
  rm -rf "$work"
  exit "$status"
}
cleaning_up() { test/lab/down.sh; }
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

[ "$(id -u)" -eq 0 ] || stop 'it boots throw-away nodes and needs root on Debian 12'
command -v npm >/dev/null || stop 'Node.js 20.19 or newer with npm is needed'
[ ! -d "$LAB_STATE" ] || stop "a lab is up already in $LAB_STATE; end it first: test/lab/down.sh"

node_image() {
  test/setup.sh --lab-only | tee "$work/verdict" && grep -q '^LAB=yes' "$work/verdict" && test/lab/base.sh
}
kubelatch_and_its_packages() {
  [ node_modules/.package-lock.json -nt package-lock.json ] || { [ ! -L node_modules ] && npm ci; } || return
  npm run --silent build
}
five_nodes() {
  test/lab/programs.sh standin && test/lab/up.sh standin n1:kubeadm n2:kubeadm n3:systemd n4:kubeadm
}
# On n2, flags that win over the file weaken the kubelet. On n4, the kubelet does not start with any other settings.
two_mishaps() {
  test/lab/enter.sh n2 "printf 'KUBELET_EXTRA_ARGS=--anonymous-auth=true --read-only-port=10255\n' >/etc/default/kubelet
    systemctl restart kubelet" && test/lab/enter.sh n4 "set -- dies; $(cat test/lab/fault.sh)" && test/lab/settle.sh
}
title 'Set-up: nothing to do but wait (a minute and a half the first time)'
quietly node_image kubelatch_and_its_packages
ours=yes
quietly five_nodes
quietly two_mishaps

mkdir "$work/home"
cat >"$work/inventory.yaml" <<Y
cluster: { name: demo, kubeconfig: $LAB_STATE/kubeconfig }
ssh: { user: deploy, identityFile: $LAB_STATE/key, knownHostsFile: $LAB_STATE/known_hosts }
groups:
  workers:
    role: worker
    hosts:
      n1: { address: $LAB_NET.11 }
      n2: { address: $LAB_NET.12 }
      n3: { address: $LAB_NET.13 }
      n4: { address: $LAB_NET.14 }
  control-plane:
    role: control-plane
    hosts:
      cp1: { address: $LAB_CONTROL }
Y
project=$PWD
kubelatch() {
  (cd "$work" && HOME=$work/home XDG_STATE_HOME=$work/state KUBELATCH_KUBECTL=$LAB_STATE/kubectl \
    KUBELATCH_COLOR=$colors exec node "$project/dist/main.js" "$@")
}
# What anybody without credentials gets from the kubelet of n1.
knock() {
  local url=https://$LAB_NET.11:10250/pods
  printf '\n%s$ curl -k %s%s\n' "$bold" "$url" "$plain"
  answer=$(curl -sk -o /dev/null -w '%{http_code}' --max-time 5 "$url")
  printf 'HTTP %s\n' "$answer"
  [ "$answer" = "$1" ] || stop "HTTP $1 was expected"
}
# Contents, mode and owner of all that decides how a node's kubelet runs.
files_of() { test/lab/enter.sh "$1" "$(cat test/lab/snapshot.sh)" | tr '\0' '\n' | grep -v ' /var/lib/kubelatch'; }
same_as_before() {
  files_of "$1" >"$work/$1.now"
  if [ ! -s "$work/$1.now" ] || ! cmp -s "$work/$1.before" "$work/$1.now"; then
    stop "the files of $1 are not what they were"
  fi
  proved "$1: $(wc -l <"$work/$1.now") files and folders compared: contents, mode and owner are as before"
}

title '1. Before: anybody can use the kubelet'
tell 'The kubelet runs as root on each node. This one shows its pods to anybody:'
knock 200
files_of n1 >"$work/n1.before"
files_of n4 >"$work/n4.before"

title '2. Audit: what is weak, and which file and line make it so'
shown 0 all kubelatch audit -o json --output-file audit.json
tell 'One result, in any format. As text:'
shown 0 all kubelatch report audit.json

title '3. Plan: the exact edits, and nothing else'
tell 'On n2 a flag wins over the file, so the plan removes the flag and writes the value to the file.'
shown 0 50 kubelatch plan --limit n2

title '4. Apply: n1 first, then the others; each must pass the gate'
tell 'On n4 the kubelet does not start with the new settings. kubelatch reverts it and exits with 4.'
shown 4 all kubelatch apply --yes --waves 1,100% --max-failures 1 --settle 3s -o json --output-file apply.json
shown 0 all kubelatch report apply.json

title '5. After: the kubelet refuses'
knock 401
tell 'n4, which failed, has its old files:'
same_as_before n4
shown 0 all kubelatch audit --limit n1,n4

title '6. Rollback: n1 gets every byte back from its own backup'
shown 0 all kubelatch rollback --yes --limit n1 --settle 3s
same_as_before n1

title '7. The result'
tell 'What anybody without credentials gets from each kubelet now. n4 was reverted, n1 rolled back:'
for address in 11 12 13 14 10; do
  code=$(curl -sk -o /dev/null -w '%{http_code}' --max-time 5 "https://$LAB_NET.$address:10250/pods")
  printf '  %-4s HTTP %s\n' "$([ "$address" = 10 ] && echo cp1 || echo "n${address#1}")" "$code"
done
shown 0 all kubelatch runs list
report=$project/build/demo-report.html
mkdir -p "${report%/*}"
shown 0 all kubelatch report audit.json apply.json -o html --output-file report.html
cp "$work/report.html" "$report" || stop 'the report was not written'

title "The demo passed in $SECONDS s. For your own nodes, see README.md."
printf 'All of it on one page, to open in a browser: %s\n' "$report"
tell "It keeps the node image and its programs in $LAB_CACHE for the next time. To remove them: rm -rf $LAB_CACHE"
# For the picture of this result in the documentation (docs/images).
[ -z "${KUBELATCH_DEMO_KEEP:-}" ] || cp "$work/apply.json" "$KUBELATCH_DEMO_KEEP"
