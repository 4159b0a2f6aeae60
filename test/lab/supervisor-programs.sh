#!/bin/bash
# Builds the lab's k3s and rke2 when their sources changed; prints their folder.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/lab/place.sh
. "$here/place.sh"

hash=$(cd "$here" && find supervisor standin -type f -print0 | sort -z | xargs -0 sha256sum | cat - <(node --version) | sha256sum | cut -c 1-16)
folder=$LAB_CACHE/supervisor/$hash
if [ ! -x "$folder/k3s" ]; then
  say "k3s and rke2: compiling" >&2
  fresh=$(mktemp -d "$LAB_CACHE/supervisor.XXXXXX")
  "$here/supervisor/build.sh" "$fresh" >&2
  chmod 755 "$fresh"
  mkdir -p "$LAB_CACHE/supervisor"
  # Only a whole folder gets the name that counts.
  mv -T "$fresh" "$folder"
fi
printf '%s\n' "$folder"
