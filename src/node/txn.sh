# A change of files on this node as a transaction: prepared, written, then confirmed or reverted; never half of it.
# $1 verb  $2 transaction id  then, for `prepare`: units, reload (yes|no), most seconds of a restart, description (base64), and for
# each file eight words: action (create|edit|mode) path sha256 mode uid:gid (as they are; - for none) content (base64 or -) mode uid:gid
# Answers with one line `result WORD [base64]`. States: prepared, writing, applied, confirmed, reverted.

root=${KUBELATCH_ROOT:-/var/lib/kubelatch}/txn

b64_of() { printf '%s' "$1" | base64 | tr -d '\n'; }

answer() { # WORD [TEXT]: the last line of every verb
  echo "result $1 $(b64_of "${2:-}")"
  exit 0
}

flush() { sync -- "$@" 2>/dev/null || sync; }

put_line() { # TEXT FILE: by a tool that says why it cannot, and without an echo that reads backslashes
  printf '%s\n' "$1" | cat >"$2"
}

set_state() {
  put_line "$1" "$txn/state.tmp" && flush "$txn/state.tmp" && mv -f "$txn/state.tmp" "$txn/state" && flush "$txn"
}

state_of() { # DIR
  state=none
  { read -r state <"$1/state"; } 2>/dev/null || true
  echo "$state"
}

sha_of() { sha256sum <"$1" | cut -d ' ' -f 1; }
meta_of() { stat -c '%a %u:%g' -- "$1"; }
octal() { # 0644 as stat prints it
  trimmed=${1#0}
  trimmed=${trimmed#0}
  trimmed=${trimmed#0}
  echo "${trimmed:-0}"
}

set_meta() { # FILE MODE IDS
  chown -- "$3" "$1" && chmod -- "$2" "$1"
}

same_label() { # FROM TO
  [ -d /sys/fs/selinux ] || return 0
  chcon --reference="$1" -- "$2" 2>/dev/null || true
}

# Is the file as it was recorded? PATH SHA MODE IDS; sha - : it must not exist; sha ? : its content does not matter
is_as() {
  if [ "$2" = - ]; then
    [ ! -e "$1" ] && [ ! -L "$1" ]
    return
  fi
  { [ -f "$1" ] && [ ! -L "$1" ]; } || return 1
  [ "$(meta_of "$1")" = "$(octal "$3") $4" ] || return 1
  [ "$2" = '?' ] || [ "$(sha_of "$1")" = "$2" ]
}

staged_for() { # PATH N: where the new file waits, in the same folder
  printf '%s\n' "${1%/*}/.kubelatch-$id-$2.tmp"
}

link_for() { # PATH N: a second name of the old file, in the same folder, until the change is confirmed
  printf '%s\n' "${1%/*}/.kubelatch-$id-$2.old"
}

each_file() { # FUNCTION: called as FUNCTION N ACTION PATH OLD_SHA OLD_MODE OLD_IDS NEW_SHA NEW_MODE NEW_IDS; ends at the first failure
  while read -r n action coded old_sha old_mode old_ids new_sha new_mode new_ids; do
    path=$(printf '%s' "$coded" | base64 -d)
    "$1" "$n" "$action" "$path" "$old_sha" "$old_mode" "$old_ids" "$new_sha" "$new_mode" "$new_ids" || return 1
  done <"$txn/files"
}

discard() ( # a shell of its own: each_file has the names of its caller
  each_file drop_staged
  remove_folders
  rm -rf "$txn"
)

drop_staged() { rm -f -- "$(staged_for "$3" "$1")" "$(link_for "$3" "$1")"; }
drop_link() { rm -f -- "$(link_for "$3" "$1")"; }

remove_folders() { # those that this transaction made, if nothing else lies in them
  [ -e "$txn/folders" ] || return 0
  while IFS= read -r folder; do rmdir -- "$folder" 2>/dev/null || true; done <"$txn/folders"
}

make_folder() { # DIR: with those above it; noted first, deepest on top, so that a cut leaves none behind
  if [ -z "$1" ] || [ -d "$1" ]; then return 0; fi
  make_folder "${1%/*}" || return 1
  { printf '%s\n' "$1" && { [ ! -e "$txn/folders" ] || cat "$txn/folders"; }; } >"$txn/folders.tmp" && mv -f "$txn/folders.tmp" "$txn/folders" &&
    mkdir -m 0755 -- "$1" && flush "${1%/*}/"
}

other_pending() { # prints the transaction besides this one that is not finished
  for dir in "$root"/*/; do
    dir=${dir%/}
    [ "$dir" != "$txn" ] || continue
    case $(state_of "$dir") in
      writing | applied | reverting)
        echo "${dir##*/}"
        return 0
        ;;
    esac
  done
  return 1
}

prepare() {
  units=$1 reload=$2 patience=$3 description=$4
  shift 4
  [ $(($# % 8)) -eq 0 ] || exit 97
  umask 077
  problem=$(mkdir -p "$root" 2>&1) || answer error "cannot make $root: $problem"
  other=$(other_pending) && answer pending "$other"
  problem=$(mkdir "$txn" 2>&1) || {
    [ ! -d "$txn" ] || answer exists
    answer error "cannot write below $root: $problem"
  }
  problem=$({ mkdir "$txn/old" "$txn/new" && printf '%s' "$description" | base64 -d >"$txn/about" &&
    put_line "$units" "$txn/units" && put_line "$reload" "$txn/reload" && put_line "$patience" "$txn/patience" &&
    : >"$txn/files"; } 2>&1) || {
    rm -rf "$txn"
    answer error "cannot write below $root: $problem"
  }
  n=0
  while [ $# -gt 0 ]; do
    n=$((n + 1))
    stage "$@" || exit 1
    shift 8
  done
  rehearse=$(each_file rehearsed 2>&1) || {
    discard
    answer error "the rehearsal of putting back failed: $rehearse"
  }
  problem=$(set_state prepared 2>&1) || {
    discard
    answer error "cannot write below $root: $problem"
  }
  answer prepared
}

stage() { # the eight words of one file
  action=$1 path=$2
  if ! is_as "$path" "$3" "$4" "$5"; then
    discard
    answer changed "$path"
  fi
  new_sha=$3
  trouble=$({
    [ "$3" = - ] || [ "$action" = mode ] || cp -p -- "$path" "$txn/old/$n"
  } 2>&1) || fail_stage "cannot back up $path: $trouble"
  if [ "$action" != mode ]; then
    trouble=$({ printf '%s' "$6" | base64 -d >"$txn/new/$n"; } 2>&1) || fail_stage "cannot write below $root: $trouble"
    new_sha=$(sha_of "$txn/new/$n")
    [ -n "$new_sha" ] || fail_stage 'sha256sum does not work here'
  fi
  # Noted before anything lies outside of the transaction: whoever discards it finds all of it.
  trouble=$({ echo "$n $action $(b64_of "$path") $3 $4 $5 $new_sha $7 $8" | cat >>"$txn/files"; } 2>&1) ||
    fail_stage "cannot write below $root: $trouble"
  if [ "$action" = mode ]; then
    trouble=$({ touch -c -r "$path" -- "$path"; } 2>&1) || fail_stage "cannot change $path: $trouble"
    return
  fi
  trouble=$(make_folder "${path%/*}" 2>&1) || fail_stage "cannot make ${path%/*}: $trouble"
  staged=$(staged_for "$path" "$n")
  trouble=$({ rm -f -- "$staged" && cp -- "$txn/new/$n" "$staged" && set_meta "$staged" "$7" "$8" && flush "$staged" &&
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
  [ "$2" != edit ] || is_as "$txn/old/$1" "$4" "$5" "$6" || {
    printf '%s\n' "the copy of $3 differs"
    return 1
  }
}

unchanged() { is_as "$3" "$4" "$5" "$6" || {
  printf '%s\n' "$3"
  return 1
}; }

put_new() {
  if [ "$2" = mode ]; then
    set_meta "$3" "$8" "$9"
  else
    mv -f -- "$(staged_for "$3" "$1")" "$3"
  fi && flush "$3" "${3%/*}/"
}

write() {
  [ "$(state_of "$txn")" = prepared ] || answer state "$(state_of "$txn")"
  other=$(other_pending) && {
    discard
    answer pending "$other"
  }
  changed=$(each_file unchanged) || {
    discard
    answer changed "$changed"
  }
  trouble=$(set_state writing 2>&1) || {
    discard
    answer error "cannot write below $root: $trouble"
  }
  trouble=$({ each_file put_new && set_state applied; } 2>&1) && answer applied
  back=$({ each_file put_old && each_file is_old; } 2>&1) ||
    answer broken "writing failed ($trouble), and putting back too: $back"
  remove_folders
  # Nothing has to be kept where all is as it was, should the disk be too full to say so.
  set_state reverted 2>/dev/null || rm -rf "$txn"
  answer put-back "$trouble"
}

# Ours to put back: the bytes and the metadata are the old ones or the new ones. Anything else is somebody's edit.
ours() {
  if [ ! -e "$3" ] && [ ! -L "$3" ]; then
    [ "$4" != - ] || return 0
  elif [ -f "$3" ] && [ ! -L "$3" ]; then
    sum=$(sha_of "$3")
    if [ "$2" = mode ] || [ "$sum" = "$4" ] || [ "$sum" = "$7" ]; then
      case $(meta_of "$3") in
        "$(octal "$5") $6" | "$(octal "$8") $9" | "$(octal "$8") $6" | "$(octal "$5") $9") return 0 ;;
      esac
    fi
  fi
  printf '%s\n' "$3"
  return 1
}

put_old() { # a file that is the old one already is left alone: it may be why writing failed
  staged=$(staged_for "$3" "$1")
  rm -f -- "$staged"
  if ! is_old "$@" >/dev/null; then
    case $2 in
      create) rm -f -- "$3" ;;
      mode) set_meta "$3" "$5" "$6" ;;
      *) put_link "$@" 2>/dev/null || put_copy "$@" ;;
    esac || {
      rm -f -- "$staged"
      return 1
    }
  fi
  drop_link "$@" && flush "${3%/*}/"
}

put_link() { # the old file, if its link is there and nobody wrote into it
  old_link=$(link_for "$3" "$1")
  is_as "$old_link" "$4" "$5" "$6" && mv -f -- "$old_link" "$3"
}

put_copy() {
  cp -p -- "$txn/old/$1" "$staged" && same_label "$3" "$staged" && flush "$staged" && mv -f -- "$staged" "$3"
}

is_old() { # the content of a file whose mode alone was changed is not ours
  content=$4
  [ "$2" != mode ] || content='?'
  is_as "$3" "$content" "$5" "$6" || {
    printf '%s\n' "$3 is not what it was"
    return 1
  }
}

restart_units() { # the exit status of a restart proves nothing for simple units: the controller's gate does
  read -r reload <"$txn/reload"
  read -r patience <"$txn/patience"
  [ "$reload" = no ] || systemctl daemon-reload
  while read -r unit; do
    [ -n "$unit" ] || continue
    # One that died too often is not started again otherwise.
    systemctl reset-failed -- "$unit" </dev/null 2>/dev/null || true
    timeout "$patience" systemctl restart -- "$unit" </dev/null || return 1
  done <"$txn/units"
}

restart() {
  [ "$(state_of "$txn")" = applied ] || answer state "$(state_of "$txn")"
  said=$(restart_units 2>&1) || answer restart-failed "$said"
  answer restarted
}

revert() { # $1 restart|files-only
  before=$(state_of "$txn")
  case $before in
    prepared | none) # none: prepare was cut short
      discard
      answer nothing
      ;;
    writing | applied | confirmed | reverting) ;;
    reverted) answer reverted already ;;
    *) answer state "$before" ;;
  esac
  other=$(other_pending) && answer pending "$other"
  conflict=$(each_file ours) || answer conflict "$conflict"
  trouble=$(set_state reverting 2>&1) || answer error "cannot write below $root: $trouble"
  trouble=$(each_file put_old 2>&1) || answer broken "$trouble"
  remove_folders
  trouble=$(each_file is_old 2>&1) || answer broken "$trouble"
  if [ "$1" = restart ]; then
    said=$(restart_units 2>&1) || answer restart-failed "$said"
  elif [ "$(cat "$txn/reload")" = yes ]; then
    systemctl daemon-reload
  fi
  set_state reverted || answer error "cannot write below $root"
  answer reverted
}

confirm() {
  case $(state_of "$txn") in
    applied)
      set_state confirmed || answer error "cannot write below $root"
      each_file drop_link || true
      answer confirmed
      ;;
    confirmed) answer confirmed already ;;
  esac
  answer state "$(state_of "$txn")"
}

list() {
  for dir in "$root"/*/; do
    dir=${dir%/}
    [ -e "$dir/state" ] || continue
    echo "transaction $(b64_of "${dir##*/}") $(state_of "$dir") $(base64 <"$dir/about" | tr -d '\n')"
  done
  answer listed
}

main() {
  [ $# -ge 2 ] || exit 97
  verb=$1 id=$2
  shift 2
  case $id in
    '' | *[!A-Za-z0-9-]*) exit 97 ;;
  esac
  txn=$root/$id
  if [ "$verb" != prepare ] && [ "$verb" != list ] && [ ! -d "$txn" ]; then answer none; fi
  case $verb in
    prepare | write | restart | revert | confirm | list) "$verb" "$@" ;;
    *) exit 97 ;;
  esac
}
main "$@"
