# Keeps a change from touching anything but its own files: only root may be able to change their folders, and writes never follow links.
# Part of the program in txn.sh. TXN is the folder of the change.

# fit PATH MODE: else says why no file may be written there: a local user could place a link, or would gain root's rights.
fit() {
  case $2 in
    0??? | ???) ;;
    *)
      echo "$1 is to have mode $2: no file of a kubelet needs setuid, setgid or sticky bits"
      return 1
      ;;
  esac
  in_root_only "$1"
}

in_root_only() { # PATH: else says which of its folders users other than root can change
  reason=$(unsafe_folder "${1%/*}")
  [ -z "$reason" ] || {
    echo "$1 is not written, since $reason"
    return 1
  }
}

# move FROM TO: a rename, never into a folder named TO. Not every mv supports -T.
move() {
  ! mv -fT -- "$1" "$2" 2>/dev/null || return 0
  [ ! -d "$2" ] || {
    echo "$2 is a folder" >&2
    return 1
  }
  mv -f -- "$1" "$2"
}

set_meta() { # FILE MODE IDS
  [ ! -L "$1" ] && chown -h -- "$3" "$1" && chmod -- "$2" "$1"
}

stands() { # whether each file of the change is as written: a plain file with these bytes, owner and mode, in folders that only root can change
  sum=$7
  [ "$2" != mode ] || sum='?'
  is_as "$3" "$sum" "$8" "$9" || {
    echo "$3 is not what was written"
    return 1
  }
  fit "$3" "$8"
}
