#!/bin/bash
# Runs a script as root inside a node, past its sshd: enter.sh NODE [SCRIPT]. Without a script: a shell.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/lab/place.sh
. "$here/place.sh"

[ $# -ge 1 ] || fail "usage: enter.sh NODE [SCRIPT]"
first=$(leader "$1") || fail "the node $1 is not running"
inside=(nsenter --target "$first" --mount --uts --ipc --net --pid --cgroup --root --wd -- env -i HOME=/root LANG=C.UTF-8
  "TERM=${TERM:-dumb}" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
if [ $# -gt 1 ]; then
  exec "${inside[@]}" bash -c "$2"
fi
exec "${inside[@]}" bash -l
