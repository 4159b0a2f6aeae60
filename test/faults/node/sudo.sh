#!/bin/bash
# Stands before a lab node's sudo: a shell of root gets its script by way of root-shell.sh.
if [ $# -ge 3 ] && [ "${*:$#-2:2}" = 'sh -c' ]; then
  exec /usr/bin/sudo "${@:1:$#-3}" /bin/bash /usr/local/lib/lab-faults/root-shell.sh
fi
exec /usr/bin/sudo "$@"
