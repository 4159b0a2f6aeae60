#!/bin/bash
# The main job on a lab fleet, for somebody to watch: weak nodes are audited, hardened, one that fails is put back, one is
# rolled back. Does its own set-up on a fresh Debian machine, runs on the stand-in cluster, and leaves nothing running behind.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# Each job gets a process group of its own, so that it can be ended with all that it started.
set -m
# shellcheck source=test/lab/place.sh
. test/lab/place.sh
# shellcheck source=test/lab/demo-screen.sh
. test/lab/demo-screen.sh

work=$(mktemp -d)
ours=no
leave() {
  local status=$?
  trap - EXIT INT TERM
  end_jobs
  if [ "$ours" = yes ] && [ -d "$LAB_STATE" ]; then
    quietly 'ending the nodes and removing their disks' test/lab/down.sh
  fi
  rm -rf "$work"
  exit "$status"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

[ "$(id -u)" -eq 0 ] || stop 'the demo boots throw-away nodes and needs root on Debian 12'
command -v node >/dev/null || stop 'Node.js 20.19 or newer is needed'
[ ! -d "$LAB_STATE" ] || stop "a lab is up already in $LAB_STATE; end it first: test/lab/down.sh"

title 'Set-up (the first time about a minute and a half)'
debian() {
  test/setup.sh --lab-only | tail -n 1 >"$work/verdict"
  grep -q '^LAB=yes' "$work/verdict" || { sed 's/^LAB=no //' "$work/verdict" && return 1; }
  test/lab/base.sh
}
program() {
  # What npm put there tells whether it still fits.
  [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci || return
  npm run --silent build
}
fleet() {
  test/lab/standin-programs.sh >/dev/null && test/lab/up.sh standin n1:kubeadm n2:kubeadm n3:systemd n4:kubeadm
}
together 'node image: Debian with systemd and sshd' debian 'kubelatch: npm packages and build' program
ours=yes
quietly 'five nodes boot: a control plane and four workers' fleet

# What this fleet has been through: n2 was "mended" by flags that win over its file, n4 will not survive a change.
on_node() { test/lab/enter.sh "$1" "$2"; }
flaws() {
  on_node n2 "printf 'KUBELET_EXTRA_ARGS=--anonymous-auth=true --read-only-port=10255\n' >/etc/default/kubelet
    systemctl restart kubelet" && on_node n4 "set -- dies; $(cat test/lab/fault.sh)" && test/lab/settle.sh
}
quietly 'n2 gets extra flags, n4 a fault' flaws

mkdir "$work/home"
export HOME=$work/home XDG_STATE_HOME=$work/state KUBELATCH_KUBECTL=$LAB_STATE/kubectl
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
cd "$work" || exit 1
kubelatch() { node "$project/dist/main.js" "$@"; }
anonymous() { curl -sk -o /dev/null -w '%{http_code}\n' --max-time 5 "https://$LAB_NET.$1:10250/pods"; }
files_of() { on_node "$1" "$(cat test/lab/snapshot.sh)" | tr '\0' '\n' | grep -v ' /var/lib/kubelatch'; }
remember() { (cd "$project" && files_of "$1") >"$work/files.$2"; }

title '1. Before: anybody who reaches a node may list its pods, and run commands in them'
tell 'No password, no certificate, straight to the kubelet of n1. 200 means: come in.'
run 0 anonymous 11
remember n1 n1.before
remember n4 n4.before

title '2. Audit: what is weak, and which line makes it so'
run 0 kubelatch audit

title '3. Plan: the exact edits, nothing else'
tell 'n2 is weak by a flag that wins over its file, so the flag goes. n3 has no file, only a unit.'
run 0 kubelatch plan --limit n2,n3 --color "$colors"

title '4. Apply: one node first, then the rest; each must prove itself healthy'
tell 'On n4 the kubelet will not come up with its new settings. Watch it being put back.'
run 4 kubelatch apply --yes --waves 1,100% --max-unavailable 3 --max-failures 1 --settle 3s

title '5. After'
tell 'The same question to n1. 401 means: who are you?'
run 0 anonymous 11
expect_output 401
tell 'n4 was put back: every file as it was, byte for byte.'
remember n4 n4.after
same n4.before n4.after
tell 'Only n4 is still weak.'
run 0 kubelatch audit --limit 'n1,n4'

title '6. Rollback: and if you want it all back'
run 0 kubelatch rollback --yes --limit n1 --settle 3s
remember n1 n1.after
same n1.before n1.after

title 'That was it'
tell "Took $SECONDS s. Next: README.md; your own nodes: inventory.example.yaml."
