#!/bin/bash
# Installs from Debian what the benchmark compares kubelatch with and what it counts with; npm run bench -- --setup.
set -euo pipefail
packages=(pssh clustershell ansible-core ansible-mitogen openssh-client strace gcc libc6-dev)
missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "setup: all is there: ${packages[*]}"
  exit 0
fi
[ "$(id -u)" -eq 0 ] || {
  echo "setup: it needs root to install ${missing[*]}" >&2
  exit 1
}
echo "setup: installing from Debian: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# One after the other: a peer that this Debian does not have must not keep the others away.
apt-get -q -o DPkg::Lock::Timeout=300 update
failed=()
for package in "${missing[@]}"; do
  apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$package" || failed+=("$package")
done
[ ${#failed[@]} -eq 0 ] || {
  echo "setup: could not install ${failed[*]}; the benchmark tells which peers are missing" >&2
  exit 1
}
