#!/bin/bash
# Builds the real Kubernetes programs from Debian's source package, once; the node lab runs them.
# Nothing is done when they are there already, or when KUBELATCH_LAB_BINARIES names a folder with official ones.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/lab/place.sh
. "$here/place.sh"

if [ -n "${KUBELATCH_LAB_BINARIES:-}" ]; then
  lacking=()
  for program in "${LAB_PROGRAMS[@]}"; do
    [ -f "$LAB_BINARIES/$program" ] && [ -x "$LAB_BINARIES/$program" ] && [ ! -L "$LAB_BINARIES/$program" ] || lacking+=("$program")
  done
  [ ${#lacking[@]} -eq 0 ] ||
    fail "KUBELATCH_LAB_BINARIES=$LAB_BINARIES lacks ${lacking[*]}" "it must hold ${LAB_PROGRAMS[*]} as executable files, no links (chmod +x after a download)"
  say "kubernetes: using the programs in $LAB_BINARIES, $("$LAB_BINARIES/kubelet" --version 2>&1 | tail -n 1)"
  exit 0
fi
if have_programs "$LAB_BINARIES"; then
  say "kubernetes: $LAB_VERSION is in $LAB_BINARIES"
  exit 0
fi
need_root
mkdir -p "$LAB_CACHE/kubernetes"
exec 9>"$LAB_CACHE/kubernetes/lock"
if ! flock -n 9; then
  say "kubernetes: another build is under way; waiting for it"
  flock 9
  have_programs "$LAB_BINARIES" && exit 0
fi

# The nodes have that one too, as people expect it there; nothing in the lab hangs on it.
programs=("${LAB_PROGRAMS[@]}" kubeadm)
began=$SECONDS
work=$LAB_CACHE/kubernetes/build
log=$LAB_CACHE/kubernetes/build.log
rm -rf "$work"
mkdir -p "$work"
: >"$log"
step() {
  printf '%s\n' "$1" >"$work/step"
  say "kubernetes: $(elapsed) $1"
}
elapsed() { printf '%02d:%02d' $(((SECONDS - began) / 60)) $(((SECONDS - began) % 60)); }
# Its sleep must not outlive it: it would hold the output and the lock open.
report() {
  trap 'kill "$!"; exit' TERM
  while
    sleep 15 &
    wait "$!"
  do
    say "kubernetes: $(elapsed) $(cat "$work/step"): $(tail -n 1 "$log" | cut -c 1-100)"
  done
}
report 9>&- &
reporter=$!
finish() {
  local status=$?
  kill "$reporter" 2>/dev/null
  [ "$status" -eq 0 ] || say "kubernetes: stopped at: $(cat "$work/step"); see $log"
  rm -rf "$work"
}
trap finish EXIT

step "installing what the build needs (gcc make rsync jq xz-utils)"
export DEBIAN_FRONTEND=noninteractive
missing=()
for package in gcc make rsync jq xz-utils libc6-dev; do
  dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  get=(apt-get -q -o DPkg::Lock::Timeout=300)
  fetch() { "${get[@]}" install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1; }
  fetch || { "${get[@]}" update >>"$log" 2>&1 && fetch; } ||
    fail "apt could not install ${missing[*]}" "its last words are in $log"
fi

step "fetching Kubernetes and Go sources from the Debian mirror"
# The mirror is the one that this machine's apt uses itself.
mirror=$(apt-get indextargets --format "\$(REPO_URI)" 'Created-By: Packages' | grep -E '/debian/?$' | head -n 1)
[ -n "$mirror" ] || fail "apt knows no Debian mirror" "add a 'deb' line of a Debian mirror, or set KUBELATCH_LAB_BINARIES"
key=/usr/share/keyrings/debian-archive-keyring.gpg
cd "$work"
mkdir -p apt/lists/partial apt/cache/archives/partial
printf 'deb-src [signed-by=%s] %s bookworm main\ndeb [signed-by=%s] %s bullseye main\n' \
  "$key" "$mirror" "$key" "$mirror" >apt/sources.list
apt=(apt-get -q -o "Dir::Etc::SourceList=$work/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
  -o "Dir::State::Lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache" -o Acquire::Check-Valid-Until=false
  -o APT::Sandbox::User=root)
{
  "${apt[@]}" update
  "${apt[@]}" download golang-1.15-go golang-1.15-src
  "${apt[@]}" source --download-only kubernetes
} >>"$log" 2>&1

step "unpacking"
for package in golang-1.15*.deb; do
  dpkg -x "$package" go
done
tar xzf kubernetes_*.orig.tar.gz
cd kubernetes-1.20.2

# Go 1.15, not the newer one of bookworm: built with that, 1.20 crashes at run time.
step "compiling (about ten minutes on two cores)"
export GOROOT=$work/go/usr/lib/go-1.15 GOCACHE=$work/gocache
export PATH=$GOROOT/bin:$PATH
export KUBE_GIT_VERSION=$LAB_VERSION KUBE_GIT_TREE_STATE=clean KUBE_GIT_MAJOR=1 KUBE_GIT_MINOR=20
export KUBE_GIT_COMMIT=faecb196815e248d3ecfb03c680a4507229c2a56
make GOFLAGS=-v WHAT="$(printf 'cmd/%s ' "${programs[@]}")" >>"$log" 2>&1 9>&-

step "keeping the programs"
mkdir "$work/bin"
for program in "${programs[@]}"; do
  cp "_output/bin/$program" "$work/bin/"
done
[ "$("$work/bin/kubelet" --version)" = "Kubernetes $LAB_VERSION" ] || fail "the kubelet that was built does not run" "see $log"
sync
mkdir -p "$(dirname "$LAB_BINARIES")"
rm -rf "$LAB_BINARIES"
# Only a whole folder gets the name that counts.
mv "$work/bin" "$LAB_BINARIES"
cd /
say "kubernetes: $(elapsed) ready in $LAB_BINARIES"
