#!/bin/bash
# Cuts the power of a node, or gives it back: power.sh NODE off|on. Its disk stays as it is at that moment.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/lab/place.sh
. "$here/place.sh"

off=$LAB_STATE/nodes/${1:?usage: power.sh NODE off|on}/off
case ${2:-} in
  off)
    first=$(leader "$1") || fail "the node $1 is not running"
    # Which lasts until the power is back, and is noticed even where that comes first.
    touch "$off" "$off.seen"
    # All its processes end with the first one.
    kill -KILL "$first"
    ;;
  on) rm -f "$off" ;;
  *) fail 'usage: power.sh NODE off|on' ;;
esac
