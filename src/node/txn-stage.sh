# What a change lays out beside the files of this node, and puts in their places.
# One of the parts of the program in txn.sh; TXN is the folder of the change, ID its name.

remove_folders() { # those that this transaction made, if nothing else lies in them
  [ -e "$TXN/folders" ] || return 0
  while IFS= read -r folder; do rmdir -- "$folder" 2>/dev/null || true; done <"$TXN/folders"
}

make_folder() { # DIR: with those above it; noted first, deepest on top, so that a cut leaves none behind
  if [ -z "$1" ] || [ -d "$1" ]; then return 0; fi
  make_folder "${1%/*}" || return 1
  { printf '%s\n' "$1" && { [ ! -e "$TXN/folders" ] || cat "$TXN/folders"; }; } >"$TXN/folders.tmp" && mv -f "$TXN/folders.tmp" "$TXN/folders" &&
    mkdir -m 0755 -- "$1" && flush "${1%/*}/"
}

stage() { # N and the eight words of one file
  n=$1 coded=''
  shift
  action=$1 path=$2
  if ! is_as "$path" "$3" "$4" "$5"; then
    discard
    answer changed "$path"
  fi
  new_sha=$3
  trouble=$({
    [ "$3" = - ] || [ "$action" = mode ] || { cp -a -- "$path" "$TXN/old/$n" && flush "$TXN/old/$n"; }
  } 2>&1) || fail_stage "cannot back up $path: $trouble"
  if [ "$action" != mode ]; then
    trouble=$({ printf '%s' "$6" | base64 -d >"$TXN/new/$n"; } 2>&1) || fail_stage "cannot write below $ROOT: $trouble"
    new_sha=$(sha_of "$TXN/new/$n")
    [ -n "$new_sha" ] || fail_stage 'sha256sum does not work here'
  fi
  # Noted before anything lies outside of the transaction: whoever discards it finds all of it.
  coded_of "$path"
  trouble=$({ echo "$n $action $coded $3 $4 $5 $new_sha $7 $8" | cat >>"$TXN/files"; } 2>&1) ||
    fail_stage "cannot write below $ROOT: $trouble"
  if [ "$action" = mode ]; then
    trouble=$({ touch -c -r "$path" -- "$path"; } 2>&1) || fail_stage "cannot change $path: $trouble"
    return
  fi
  trouble=$(make_folder "${path%/*}" 2>&1) || fail_stage "cannot make ${path%/*}: $trouble"
  staged=$(staged_for "$path" "$n")
  # An old file lends its access list and attributes to the new one.
  trouble=$({ rm -f -- "$staged" && { [ "$3" = - ] || cp -a -- "$path" "$staged"; } && cat <"$TXN/new/$n" >"$staged" && set_meta "$staged" "$7" "$8" && flush "$staged" &&
    [ "$(sha_of "$staged")" = "$new_sha" ]; } 2>&1) || fail_stage "cannot write in ${path%/*}/: ${trouble:-the copy differs}"
  [ "$3" = - ] && return
  same_label "$path" "$staged"
  # The old file itself, with all that belongs to it: putting it back needs no space. Where links cannot be had, the copy has to do.
  link=$(link_for "$path" "$n")
  rm -f -- "$link"
  ln -- "$path" "$link" 2>/dev/null || true
}

fail_stage() {
  discard
  answer error "$1"
}

rehearsed() { # the copy to put back is what it was copied from
  [ "$2" != edit ] || is_as "$TXN/old/$1" "$4" "$5" "$6" || {
    printf '%s\n' "the copy of $3 differs"
    return 1
  }
}

unchanged() { is_as "$3" "$4" "$5" "$6" || {
  printf '%s\n' "$3"
  return 1
}; }

undo_new() { # what was not put in its place is not ours to judge: an edit there may be why writing failed
  if [ -e "$(staged_for "$3" "$1")" ]; then
    drop_staged "$@"
  else
    ours "$@" && put_old "$@" && is_old "$@"
  fi
}

put_new() {
  # The flushing of those before it took its time.
  unchanged "$@" >&2 || return 1
  if [ "$2" = mode ]; then
    set_meta "$3" "$8" "$9"
  else
    mv -f -- "$(staged_for "$3" "$1")" "$3"
  fi && flush "$3" "${3%/*}/"
}
