# The files of a change on this node: named, compared, put back.
# One of the parts of the program in txn.sh; TXN is the folder of the change, ID its name.

# Not every base64 leaves out the ends of lines by itself.
case $(printf x | base64 -w 0 2>/dev/null) in
  eA==) one_line=-w0 ;;
  *) one_line= ;;
esac
b64_of() { if [ -n "$one_line" ]; then printf '%s' "$1" | base64 "$one_line"; else printf '%s' "$1" | base64 | tr -d '\n'; fi; }

flush() { # FILE...: those that are there; what cannot reach the disk is a failure
  for one; do
    shift
    [ ! -e "$one" ] || set -- "$@" "$one"
  done
  [ $# -eq 0 ] || sync -- "$@"
}

put_line() { # TEXT FILE: by a tool that says why it cannot, and without an echo that reads backslashes
  printf '%s\n' "$1" | cat >"$2"
}

replace_line() { # TEXT FILE: all of it or nothing
  put_line "$1" "$2.tmp" && flush "$2.tmp" && mv -f "$2.tmp" "$2" && flush "${2%/*}"
}

line_of() { # FILE: its first line, or nothing
  line=
  { IFS= read -r line <"$1"; } 2>/dev/null || true
  printf '%s\n' "$line"
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
  octal "$3"
  [ "$(stat -c '%a %u:%g' -- "$1")" = "$mode $4" ] || return 1
  [ "$2" = '?' ] || [ "$(sha_of "$1")" = "$2" ]
}

staged_for() { # PATH N: where the new file waits, in the same folder
  printf '%s\n' "${1%/*}/.kubelatch-$ID-$2.tmp"
}

link_for() { # PATH N: a second name of the old file, in the same folder, until the change is confirmed
  printf '%s\n' "${1%/*}/.kubelatch-$ID-$2.old"
}

each_file() { # FUNCTION: called as FUNCTION N ACTION PATH OLD_SHA OLD_MODE OLD_IDS NEW_SHA NEW_MODE NEW_IDS; ends at the first failure
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

discard() ( # a shell of its own: each_file has the names of its caller
  each_file drop_staged
  remove_folders
  rm -rf "$TXN"
)

drop_staged() { rm -f -- "$(staged_for "$3" "$1")" "$(link_for "$3" "$1")"; }
drop_link() { rm -f -- "$(link_for "$3" "$1")"; }

# Ours to put back: the bytes and the metadata are the old ones or the new ones. 3: anything else, which is somebody's edit. Another
# status, which a shell or a tool gives for troubles of its own: it could not be looked at.
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

# A folder that is not there and that this change did not make: its disk may not be mounted yet.
reachable() {
  [ -d "${3%/*}/" ] && return
  { [ -e "$TXN/folders" ] && grep -qxF -- "${3%/*}" "$TXN/folders"; } && return
  printf '%s\n' "the folder of $3 is not there"
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
  drop_link "$@" && flush "$3" "${3%/*}/"
}

relink() { # the old file gets its second name back, ready to be renamed; or what is needed to take the new one away is tried
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

put_link() { # the old file, if its link is there and nobody wrote into it
  old_link=$(link_for "$3" "$1")
  is_as "$old_link" "$4" "$5" "$6" && mv -f -- "$old_link" "$3"
}

put_copy() {
  cp -a -- "$TXN/old/$1" "$staged" && same_label "$3" "$staged" && flush "$staged" && mv -f -- "$staged" "$3"
}

is_old() { # the content of a file whose mode alone was changed is not ours
  content=$4
  [ "$2" != mode ] || content='?'
  is_as "$3" "$content" "$5" "$6" || {
    printf '%s\n' "$3 is not what it was"
    return 1
  }
}
