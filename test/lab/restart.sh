#!/bin/bash
# Runs inside a node: starts the kubelet anew at a full second and tells which. Heartbeats are told in whole seconds, so that
# one of this second or later is no earlier kubelet's.
set -euo pipefail
unit=$(cat /opt/planted/unit)

# It may still be stopping, or wait for its next automatic restart.
systemctl stop "$unit"
now=$(date +%s%3N)
sleep "0.$(printf '%03d' $((999 - now % 1000)))"
sleep 0.002
printf 'restarted %s000\n' "$((now / 1000 + 1))"
systemctl start "$unit"
