#!/bin/bash
# Stands before kubectl on the controller: holds a cordon. LAB_HOLD names the folder, LAB_KUBECTL the program.
set -uo pipefail
# shellcheck source=/dev/null
. "$(dirname "$0")/hold.sh"
step=other
for word; do
  [ "$word" != cordon ] || step=cordon
done
if hold=$(claim "$LAB_HOLD" "$step" before); then
  held "$LAB_HOLD" "$hold" || exit 1
elif hold=$(claim "$LAB_HOLD" "$step" after); then
  "$LAB_KUBECTL" "$@"
  held "$LAB_HOLD" "$hold"
  exit
fi
exec "$LAB_KUBECTL" "$@"
