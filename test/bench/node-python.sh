#!/bin/bash
# Copies this machine's Python from its Debian packages to a node's disk: Mitogen runs Python there. node-python.sh ROOT
set -euo pipefail
root=$1
[ ! -e "$root/usr/bin/python3" ] || exit 0
packages=(python3-minimal python3.11-minimal libpython3.11-minimal libpython3.11-stdlib libexpat1)
dpkg -L "${packages[@]}" | while IFS= read -r file; do
  [ -d "$file" ] && [ ! -L "$file" ] || printf '%s\n' "$file"
done | tar -c -f - --no-recursion --ignore-failed-read -T - 2>/dev/null | tar -x -f - -C "$root" --keep-directory-symlink
chroot "$root" python3 -c 'import zlib, socket, threading, logging'
