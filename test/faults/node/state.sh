#!/bin/bash
# Runs inside a lab node: what a change has left behind, a line each: "staged PATH", "unit NAME", "transaction ID STATE", "stuck ID".
shopt -s nullglob
echo begin
find /etc /usr/lib/systemd /usr/local/lib/systemd /var/lib /run/systemd/system -xdev -name '.kubelatch-*' -printf 'staged %p\n' 2>/dev/null
find /etc/systemd/system /run/systemd/system -name 'kubelatch*' -printf 'unit %p\n'
systemctl list-units --all --plain --no-legend 'kubelatch*' | sed 's/^[^a-z]*\([^ ]*\).*/unit \1/'
for folder in /var/lib/kubelatch/txn/*/; do
  state=none
  [ ! -e "$folder/state" ] || read -r state <"$folder/state"
  # Where the disk was too full to say so, the rename that decided is what counts.
  [ ! -e "$folder/decided-confirm" ] || state=confirmed
  echo "transaction $(basename "$folder") ${state:-empty}"
  [ ! -e "$folder/stuck" ] || echo "stuck $(basename "$folder")"
done
echo end
