#!/bin/bash
# Builds the stand-in cluster's programs when its sources changed; prints their folder.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/lab/place.sh
. "$here/place.sh"

hash=$(cd "$here/standin" && find . -type f -print0 | sort -z | xargs -0 sha256sum | cat - <(node --version) | sha256sum | cut -c 1-16)
folder=$LAB_CACHE/standin/$hash
if [ ! -x "$folder/kubelet" ]; then
  say "stand-in: compiling" >&2
  rm -rf "$folder.new"
  "$here/standin/build.sh" "$folder.new" >&2
  # The node's own node program; on the host the link leads nowhere and the one on PATH is used.
  ln -sfn /opt/node "$folder.new/node"
  # Only a whole folder gets the name that counts.
  mv -T "$folder.new" "$folder"
fi
printf '%s\n' "$folder"
