#!/bin/bash
# Prints the path of the etcd that a real API server of version 1.MINOR gets: the one beside it, the image's, or 3.5 of a later Debian.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/lab/place.sh
. "$here/place.sh"

minor=${1:?usage: etcd.sh MINOR}
# tell_version ETCD: 3.5.30, or nothing
tell_version() { "$1" --version 2>/dev/null | sed -n 's/^etcd Version: //p'; }

if [ -e "$LAB_BINARIES/etcd" ]; then
  version=$(tell_version "$LAB_BINARIES/etcd" || true)
  [ -n "$version" ] || fail "$LAB_BINARIES/etcd does not run" "give one of this machine's kind, or take it out: the lab then fetches Debian's"
  [ "$minor" -lt 29 ] || [[ ! $version =~ ^3\.[0-4]\. ]] ||
    fail "$LAB_BINARIES/etcd is $version, and Kubernetes 1.$minor wants 3.5 or later" "put a newer one there, or take it out"
  echo "$LAB_BINARIES/etcd"
  exit 0
fi
if [ "$minor" -lt 29 ]; then
  echo "$LAB_BASE/usr/bin/etcd"
  exit 0
fi

kept=$LAB_CACHE/etcd
mkdir -p "$kept"
exec 9>"$kept/lock"
flock 9
if [ ! -x "$kept/etcd" ]; then
  say "etcd: fetching 3.5 from Debian trixie (once)" >&2
  log=$kept/fetch.log
  mirror=$(apt-get indextargets --format "\$(REPO_URI)" 'Created-By: Packages' | grep -E '/debian/?$' | head -n 1)
  [ -n "$mirror" ] || fail "apt knows no Debian mirror to fetch etcd from" "put etcd 3.5 into $LAB_BINARIES"
  work=$(mktemp -d "$kept/new.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work"/apt/{lists,cache/archives}/partial
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s trixie main\n' "$mirror" >"$work/apt/sources.list"
  apt=(apt-get -q -o "Dir::Etc::SourceList=$work/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache" -o APT::Sandbox::User=root)
  (cd "$work" && "${apt[@]}" update && "${apt[@]}" download etcd-server && dpkg -x etcd-server_*.deb files) >"$log" 2>&1 9>&- ||
    fail "etcd 3.5 could not be fetched" "its last words are in $log; or put etcd 3.5 into $LAB_BINARIES"
  [[ $(tell_version "$work/files/usr/bin/etcd") =~ ^3\.[5-9]\. ]] || fail "Debian's etcd does not run here" "put etcd 3.5 into $LAB_BINARIES"
  # Only a whole one gets the name that counts.
  mv "$work/files/usr/bin/etcd" "$kept/etcd"
fi
echo "$kept/etcd"
