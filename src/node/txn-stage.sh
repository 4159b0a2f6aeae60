# What a change stages beside the files of this node and then moves into place.
# Part of the program in txn.sh. TXN is the folder of the change, ID its name.

remove_folders() { # removes the folders that this transaction created, if they are empty
  [ -e "$TXN/folders" ] || return 0
  while IFS= read -r folder; do rmdir -- "$folder" 2>/dev/null || true; done <"$TXN/folders"
}

make_folder() { # DIR: creates it with its parents; records them first, deepest on top, so that an interruption leaves none behind
  if [ -z "$1" ] || [ -d "$1" ]; then return 0; fi
  make_folder "${1%/*}" || return 1
  { printf '%s\n' "$1" && { [ ! -e "$TXN/folders" ] || cat "$TXN/folders"; }; } >"$TXN/folders.tmp" && move "$TXN/folders.tmp" "$TXN/folders" &&
    mkdir -m 0755 -- "$1" && flush "${1%/*}/"
}

# CONTENT: base64, or @key for the key that this node made for its request (serving.sh); it moves, so that no copy is left
new_content() {
  case $1 in
    @key) mv -- "$BASE/serving/$ID.key" "$TXN/new/$n" && { rmdir "$BASE/serving" 2>/dev/null || true; } ;;
    *) printf '%s' "$1" | base64 -d >"$TXN/new/$n" ;;
  esac
}

stage() { # N and the eight words of one file
  n=$1 coded=''
  shift
  action=$1 path=$2
  trouble=$(fit "$path" "$7") || {
    discard
    answer unsafe "$trouble"
  }
  if ! is_as "$path" "$3" "$4" "$5"; then
    discard
    answer changed "$path"
  fi
  new_sha=$3
  trouble=$({
    [ "$3" = - ] || [ "$action" = mode ] || { cp -a -- "$path" "$TXN/old/$n" && flush "$TXN/old/$n"; }
  } 2>&1) || fail_stage "cannot back up $path: $trouble"
  if [ "$action" != mode ]; then
    trouble=$(new_content "$6" 2>&1) || fail_stage "cannot write below $ROOT: $trouble"
    new_sha=$(sha_of "$TXN/new/$n")
    [ -n "$new_sha" ] || fail_stage 'sha256sum does not work here'
  fi
  # Record it before anything is written outside of the transaction's folder, so that discarding finds everything.
  coded_of "$path"
  trouble=$({ echo "$n $action $coded $3 $4 $5 $new_sha $7 $8" | cat >>"$TXN/files"; } 2>&1) ||
    fail_stage "cannot write below $ROOT: $trouble"
  if [ "$action" = mode ]; then
    trouble=$({ touch -c -r "$path" -- "$path"; } 2>&1) || fail_stage "cannot change $path: $trouble"
    return
  fi
  trouble=$(make_folder "${path%/*}" 2>&1) || fail_stage "cannot make ${path%/*}: $trouble"
  staged=$(staged_for "$path" "$n")
  # The new file gets the access list and attributes of the old one.
  trouble=$({ rm -f -- "$staged" && { [ "$3" = - ] || cp -a -- "$path" "$staged"; } && cat <"$TXN/new/$n" >"$staged" && set_meta "$staged" "$7" "$8" && flush "$staged" &&
    [ "$(sha_of "$staged")" = "$new_sha" ]; } 2>&1) || fail_stage "cannot write in ${path%/*}/: ${trouble:-the copy differs}"
  [ "$6" != @key ] || rm -f -- "$TXN/new/$n"
  [ "$3" = - ] && return
  same_label "$path" "$staged"
  # Keep the old file itself with all its attributes: reverting then needs no space. If hard links do not work, the copy is used.
  link=$(link_for "$path" "$n")
  rm -f -- "$link"
  ln -- "$path" "$link" 2>/dev/null || true
}

fail_stage() { # WHY
  fails "$1" discard
}

# WHY CLEANUP...: ends the verb with an error and the disk's problem, which is checked before CLEANUP frees space.
fails() {
  why=$1 ailment=$(disk_trouble)
  shift
  [ $# -eq 0 ] || "$@" >/dev/null 2>&1 || true
  answer error "$why" "$ailment"
}

# read-only or no-space, for the first disk with that problem among those a change writes to; nothing if there is none. It tests the
# disk itself, because messages of tools depend on their language.
disk_trouble() {
  for place in "$ROOT" "$UNITS"; do
    trouble_in "$place" && return
  done
  [ -e "$TXN/files" ] && each_file trouble_at
}

trouble_at() { # stops each_file at the first disk with a problem
  ! trouble_in "${3%/*}"
}

trouble_in() { # DIR, or its closest existing parent: succeeds if its disk has a problem
  folder=$1
  while [ ! -d "$folder/" ]; do folder=${folder%/*}; done
  if is_read_only "$folder/"; then
    echo read-only
  elif is_full "$folder"; then
    echo no-space
  else
    return 1
  fi
}

is_read_only() { # DIR: by the options of the mount and of its file system
  mount=$(mount_of "$(readlink -f -- "$1")")
  options=${mount#* * * * * }
  case ,${options%% *},${mount##* }, in
    *,ro,*) return 0 ;;
  esac
  return 1
}

is_full() { # DIR: another 64 KiB cannot be written
  [ -z "$(unsafe_folder "$1")" ] || return 1
  trial=$(staged_for "$1/trial" 0)
  if { true >"$trial"; } 2>/dev/null; then
    dd if=/dev/zero of="$trial" bs=65536 count=1 2>/dev/null
    status=$?
    rm -f -- "$trial"
    [ "$status" -ne 0 ]
  else # not even a name can be created: no inode or no block is free
    case $(stat -f -c '%c:%d:%f:' -- "$1/" 2>/dev/null) in
      [1-9]*:0:* | *:0:) return 0 ;;
    esac
    return 1
  fi
}

rehearsed() { # checks that the backup equals the file it was copied from
  [ "$2" != edit ] || is_as "$TXN/old/$1" "$4" "$5" "$6" || {
    printf '%s\n' "the copy of $3 differs"
    return 1
  }
}

unchanged() { is_as "$3" "$4" "$5" "$6" || {
  printf '%s\n' "$3"
  return 1
}; }

undo_new() { # ignores files that were not moved into place: an edit there may be why writing failed
  if [ -e "$(staged_for "$3" "$1")" ]; then
    drop_staged "$@"
  else
    ours "$@" && put_old "$@" && is_old "$@"
  fi
}

put_new() {
  # Flushing the earlier files took time, so check again.
  unchanged "$@" >&2 && fit "$3" "$8" >&2 || return 1
  if [ "$2" = mode ]; then
    set_meta "$3" "$8" "$9"
  else
    move "$(staged_for "$3" "$1")" "$3"
  fi && flush "$3" "${3%/*}/"
}
