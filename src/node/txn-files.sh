# The files of a change on this node: their names, comparing them, and restoring them.
# Part of the program in txn.sh. TXN is the folder of the change, ID its name.

flush() { # FILE...: flushes those that exist; fails if a file cannot reach the disk
  for one; do
    shift
    [ ! -e "$one" ] || set -- "$@" "$one"
  done
  [ $# -eq 0 ] || sync -- "$@"
}

put_line() { # TEXT FILE: uses a tool that reports why it fails; some shells' echo interprets backslashes
  printf '%s\n' "$1" | cat >"$2"
}

replace_line() { # TEXT FILE: replaces the file completely or not at all
  put_line "$1" "$2.tmp" && flush "$2.tmp" && move "$2.tmp" "$2" && flush "${2%/*}"
}

sha_of() {
  sum=$(sha256sum <"$1") && printf '%s\n' "${sum%% *}"
}
octal() { # sets mode: 0644 as stat prints it
  mode=${1#0}
  mode=${mode#0}
  mode=${mode#0}
  mode=${mode:-0}
}
coded_of() { # sets coded: a path as a word without blanks
  case $1 in
    '' | *[!A-Za-z0-9/._@:+-]*) coded=$(b64_of "$1") ;;
    *) coded="=$1" ;;
  esac
}

same_label() { # FROM TO
  [ -d /sys/fs/selinux ] || return 0
  chcon --reference="$1" -- "$2" 2>/dev/null || true
}

# PATH SHA MODE IDS: is the file as recorded? sha -: it must not exist; sha ?: its content does not matter
is_as() {
  if [ "$2" = - ]; then
    [ ! -e "$1" ] && [ ! -L "$1" ]
    return
  fi
  { [ -f "$1" ] && [ ! -L "$1" ]; } || return 1
  octal "$3"
  [ "$(stat -c '%a %u:%g' -- "$1")" = "$mode $4" ] || return 1
  [ "$2" = '?' ] || [ "$(sha_of "$1")" = "$2" ]
}

staged_for() { # PATH N: the path of the staged new file, in the same folder
  printf '%s\n' "${1%/*}/.kubelatch-$ID-$2.tmp"
}

link_for() { # PATH N: the path of a hard link to the old file, in the same folder, until the change is confirmed
  printf '%s\n' "${1%/*}/.kubelatch-$ID-$2.old"
}

each_file() { # FUNCTION: called as FUNCTION N ACTION PATH OLD_SHA OLD_MODE OLD_IDS NEW_SHA NEW_MODE NEW_IDS; stops at the first failure
  while read -r n action coded old_sha old_mode old_ids new_sha new_mode new_ids; do
    path_of "$coded" || return 2
    "$1" "$n" "$action" "$path" "$old_sha" "$old_mode" "$old_ids" "$new_sha" "$new_mode" "$new_ids" || return "$?"
  done <"$TXN/files"
}

path_of() { # CODED: sets path
  case $1 in
    =*) path=${1#=} ;;
    *) path=$(printf '%s' "$1" | base64 -d) ;;
  esac
}

discard() ( # a subshell, because each_file uses its caller's variable names
  each_file drop_staged
  remove_folders
  rm -rf "$TXN"
)

drop_staged() { rm -f -- "$(staged_for "$3" "$1")" "$(link_for "$3" "$1")"; }
drop_link() { rm -f -- "$(link_for "$3" "$1")"; }

# Whether a file may be reverted: its bytes and metadata are the old or the new ones. Status 3: anything else, so somebody edited it.
# Any other status comes from a failing shell or tool: the file could not be checked.
ours() {
  if [ ! -e "$3" ] && [ ! -L "$3" ]; then
    [ "$4" != - ] || return 0
  elif [ -f "$3" ] && [ ! -L "$3" ]; then
    sum=$(sha_of "$3") || return 2
    if [ "$2" = mode ] || [ "$sum" = "$4" ] || [ "$sum" = "$7" ]; then
      octal "$5"
      old_mode=$mode
      octal "$8"
      meta=$(stat -c '%a %u:%g' -- "$3") || return 2
      case $meta in
        "$old_mode $6" | "$mode $9" | "$mode $6" | "$old_mode $9") return 0 ;;
      esac
    fi
  fi
  printf '%s\n' "$3"
  return 3
}

# A folder that is missing although this change did not create it: its disk may not be mounted yet. If users other than root can change
# the folder by now, nothing is written there, because of possible links.
reachable() {
  if [ -d "${3%/*}/" ]; then
    in_root_only "$3"
    return
  fi
  { [ -e "$TXN/folders" ] && grep -qxF -- "${3%/*}" "$TXN/folders"; } && return
  printf '%s\n' "the folder of $3 is not there"
  return 1
}

put_old() { # does not touch a file that is already the old one: it may be the reason why writing failed
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
  drop_link "$@" && flush "$3" "${3%/*}/"
}

relink() { # creates the old file's hard link again, ready to be renamed; or checks the conditions for removing the new file
  trial=$(staged_for "$3" "$1")
  case $2 in
    create) [ ! -d "${3%/*}/" ] || { : >"$trial" && rm -f -- "$trial"; } ;;
    mode) touch -c -r "$3" -- "$3" ;;
    *)
      old_link=$(link_for "$3" "$1")
      rm -f -- "$old_link" && cp -a -- "$TXN/old/$1" "$old_link" && same_label "$3" "$old_link" && flush "$old_link" &&
        is_as "$old_link" "$4" "$5" "$6"
      ;;
  esac
}

put_link() { # restores the old file from its hard link, if that exists and nobody changed it
  old_link=$(link_for "$3" "$1")
  is_as "$old_link" "$4" "$5" "$6" && move "$old_link" "$3"
}

put_copy() {
  cp -a -- "$TXN/old/$1" "$staged" && same_label "$3" "$staged" && flush "$staged" && move "$staged" "$3"
}

is_old() { # a change of mode alone does not own the file's content
  content=$4
  [ "$2" != mode ] || content='?'
  is_as "$3" "$content" "$5" "$6" || {
    printf '%s\n' "$3 is not what it was"
    return 1
  }
}
