#!/bin/sh
# Runs kubelatch for one cluster of many: the inventory number JOB_COMPLETION_INDEX of a folder, in sorted order.
# A pod that takes over from a dead one finishes that pod's run, and never begins another.
#   run-cluster.sh apply [FLAGS...]    apply; retried: resume of the same run
#   run-cluster.sh audit [FLAGS...]    audit; retried: audit again, since it changes nothing
# INVENTORIES: the folder of inventories, *.yaml. XDG_STATE_HOME: a folder that outlives the pod, of this index alone.
set -eu
LC_ALL=C
export LC_ALL

refuse() {
  printf 'run-cluster.sh: %s\n' "$1" >&2
  exit 64
}

# Puts a line into a file of the state folder, whole or not at all.
remember() {
  printf '%s\n' "$2" >"$XDG_STATE_HOME/$1.new"
  mv "$XDG_STATE_HOME/$1.new" "$XDG_STATE_HOME/$1"
}

# Prints the inventory; the shell sorts names by bytes.
inventory_at() {
  at=$1
  set -- "$INVENTORIES"/*.yaml
  [ -e "$1" ] || refuse "$INVENTORIES holds no inventory (*.yaml)"
  [ "$at" -lt "$#" ] || refuse "there is no inventory number $at: $INVENTORIES holds $#, from 0"
  shift "$at"
  printf '%s\n' "$1"
}

# Prints the run that an earlier pod began; nothing if it changed nothing.
run_begun() {
  set -- "$XDG_STATE_HOME"/kubelatch/runs/*
  [ -e "$1" ] || return 0
  [ "$#" -eq 1 ] || refuse "$XDG_STATE_HOME holds $# runs; finish each by hand: kubelatch runs"
  basename "$1"
}

verb=${1:-}
case $verb in apply | audit) shift ;; *) refuse "run it with apply or audit, not '$verb'" ;; esac
: "${INVENTORIES:?must be the folder of inventories}" "${XDG_STATE_HOME:?must be a folder that outlives the pod}"
index=${JOB_COMPLETION_INDEX:-}
case $index in '' | *[!0-9]* | 0?* | ??????*) refuse "JOB_COMPLETION_INDEX is no index: '$index'" ;; esac
case $XDG_STATE_HOME in /*) ;; *) refuse "XDG_STATE_HOME must begin with /" ;; esac

inventory=$(inventory_at "$index")
name=$(basename "$inventory")
if [ -e "$XDG_STATE_HOME/inventory" ]; then
  before=$(cat "$XDG_STATE_HOME/inventory")
  [ "$before" = "$name" ] || refuse "index $index was $before and is $name now: restore the folder, or start a new Job"
fi
remember inventory "$name"

if [ -e "$XDG_STATE_HOME/ended" ]; then
  code=$(cat "$XDG_STATE_HOME/ended")
  printf 'run-cluster.sh: %s already ended with exit code %s; a new rollout needs a new Job\n' "$name" "$code" >&2
  exit "$code"
fi

run=''
[ "$verb" = audit ] || run=$(run_begun)
if [ -n "$run" ]; then
  printf 'run-cluster.sh: %s: an earlier pod began run %s; finishing it\n' "$name" "$run" >&2
  set -- resume "$run" --yes
else
  set -- "$verb" "$@"
fi

# The shell stays between the pod and kubelatch, so it hands signals on and waits until the nodes are decided.
child=''
trap '[ -z "$child" ] || kill -TERM "$child" 2>/dev/null || :' TERM INT HUP
kubelatch "$@" --inventory "$inventory" --no-input --output json --output-file "$XDG_STATE_HOME/result.json" &
child=$!
code=0
wait "$child" || code=$?
while kill -0 "$child" 2>/dev/null; do
  code=0
  wait "$child" || code=$?
done

# All done, or stopped for a person to decide: nobody does this again. Otherwise the next pod resumes the run, if one began.
if [ "$verb" = apply ]; then
  case $code in 0 | 4) remember ended "$code" ;; esac
fi
exit "$code"
