#!/bin/bash
# Builds the lab's own programs when their sources changed, and prints their folder: those of the stand-in cluster, or k3s and rke2.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/lab/place.sh
. "$here/place.sh"

what=${1:-}
case $what in
  standin) sources=(standin) ;;
  # It shares code with the other.
  supervisor) sources=(supervisor standin) ;;
  *)
    echo 'usage: programs.sh standin|supervisor' >&2
    exit 64
    ;;
esac

mkdir -p "$LAB_CACHE/$what"
# Two labs that start at once build one after the other, and the second finds it done.
exec 9>"$LAB_CACHE/$what/lock"
flock 9
hash=$(cd "$here" && find "${sources[@]}" -type f -print0 | sort -z | xargs -0 sha256sum | cat - <(node --version) | sha256sum | cut -c 1-16)
folder=$LAB_CACHE/$what/$hash
if [ ! -d "$folder" ]; then
  say "$what: compiling" >&2
  fresh=$(mktemp -d "$LAB_CACHE/$what/new.XXXXXX")
  "$here/$what/build.sh" "$fresh" >&2 9>&-
  chmod 755 "$fresh"
  # The node's own node program; on the host the link leads nowhere and the one on PATH is used.
  ln -s /opt/node "$fresh/node"
  # Only a whole folder gets the name that counts.
  mv -T "$fresh" "$folder"
fi
printf '%s\n' "$folder"
