#!/bin/bash
# Installs from Debian what the tests use, and says what; asks nothing and is quick when all is there.
# The last line tells whether this machine can run the node lab: LAB=yes, or LAB=no and the reason.
set -euo pipefail

lab=(systemd-container debootstrap openssh-client openssl iproute2 nftables curl jq rsync gcc libc6-dev)
tests=(shellcheck shfmt busybox dash zsh fish acl attr openssh-client openssl jq chromium)

verdict() {
  if [ "$1" = no ]; then
    printf 'setup: the node lab is skipped on this machine: %s\n' "$2"
  fi
  printf 'LAB=%s%s\n' "$1" "${2:+ $2}"
  exit 0
}

[ -r /etc/debian_version ] || verdict no "it is not Debian, so the nodes cannot be made"
wanted=("${lab[@]}" "${tests[@]}" openssh-server)
[ "${1:-}" != --lab-only ] || wanted=("${lab[@]}")
missing=()
for package in "${wanted[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  [ "$(id -u)" -eq 0 ] || verdict no "it needs root, also to install ${missing[*]}"
  printf 'setup: installing from Debian: %s\n' "${missing[*]}"
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  export DEBIAN_FRONTEND=noninteractive
  apt=(apt-get -q -o DPkg::Lock::Timeout=300)
  # The programs are wanted, not their daemons: nothing may be started by an installation.
  policy=/usr/sbin/policy-rc.d
  ours=no
  if [ ! -e "$policy" ]; then
    ours=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  install() { "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1; }
  done=yes
  install || { "${apt[@]}" update >>"$log" 2>&1 && install; } || done=no
  [ "$ours" = no ] || rm -f "$policy"
  if [ "$done" = no ]; then
    tail -n 5 "$log" >&2
    verdict no "apt could not install ${missing[*]}"
  fi
fi
# A security key in software, for the tests of FIDO keys. Its package wants much more, so this file alone is taken from it.
key=/usr/local/lib/kubelatch-tests/sk-dummy.so
take_key() (
  cd "$(mktemp -d)" && chmod 755 . || exit 1
  apt-get -q download openssh-tests && dpkg-deb -x openssh-tests_*.deb . &&
    install -D -m 644 usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so "$key"
  got=$?
  rm -rf "$PWD"
  exit "$got"
)
if [ "${1:-}" != --lab-only ] && [ ! -e "$key" ] && [ "$(id -u)" -eq 0 ]; then
  take_key >/dev/null 2>&1 || printf 'setup: the tests of FIDO keys are skipped: apt has no openssh-tests\n'
fi
[ "$(id -u)" -eq 0 ] || verdict no "booting nodes needs root"
[ "$(uname -m)" = x86_64 ] || [ "$(uname -m)" = aarch64 ] || verdict no "its processor is neither amd64 nor arm64"
grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null || verdict no "its kernel has no overlay file system"
verdict yes
