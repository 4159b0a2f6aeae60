# One file at a time, for the probe: whether its text may be sent, and what to report about it. probe-batch.sh does the same for all the
# files that only root can change, with far fewer processes.

# probe.sh sets cap, roots and unit_files.
# shellcheck disable=SC2154,SC2094
# The limit on the bytes of all files, and how much of it is left.
ALL_BYTES=5242880 room=5242880
SECRETS='PRIVATE KEY|^[a-z_][a-z0-9_-]*:[!*]?(\$[0-9a-z]+\$|[!*]:)[^ ]*:[0-9]*:'

contents_of() { # PATHS, one per line: prints the text of those that may be read, each followed by a newline
  safe_folders=''
  while IFS= read -r path; do
    [ -f "$path" ] || continue
    { kept "$path" && [ -z "$reason" ] && head -c "$cap" && echo; } <"$path"
  done 2>/dev/null <<PATHS
$1
PATHS
}

# kept PATH, opened as standard input: sets reason to why its text must stay on the node; empty if it may be sent. The opened file
# counts, even if the path leads elsewhere by now.
kept() {
  real=$(readlink /proc/self/fd/0)
  ! may_hold_secrets "$real" || return 0
  case $real in
    /proc/sys/*) return 0 ;;
    /proc/* | /sys/*)
      reason='the kernel made it'
      return 0
      ;;
  esac
  # Check both the name and its target: anyone who can change a link could otherwise have any file sent.
  among_safe "${1%/*}" && among_safe "${real%/*}" && reason=$(unsafe_files "$real")
  if [ -n "$reason" ] && is_known "$1" "$real"; then reason=''; fi
}

may_hold_secrets() { # REAL: by its name; also sets reason
  reason=''
  case $1 in
    /etc/shadow* | /etc/gshadow* | /etc/sudoers* | /etc/security/opasswd* | /etc/ssh/*_key | */.ssh/* | /root/.* | /dev/*)
      reason='it may hold accounts or keys'
      ;;
    *) return 1 ;;
  esac
}

among_safe() { # FOLDER: only root can change it; else sets reason
  ! among "$1" "$safe_folders" || return 0
  reason=$(unsafe_folder "$1")
  [ -z "$reason" ] && safe_folders="$safe_folders$NL$1"
}

# The file is in one of Kubernetes' own folders, or systemd reads it for a unit. A hard link could name any file.
is_known() { # PATH REAL
  [ "$(stat -L -c %h -- /proc/self/fd/0)" = 1 ] || return 1
  if [ "$1" = "$2" ] && among "$1" "$unit_files"; then return 0; fi
  for root in $roots; do
    case $2 in
      "$root"/*) return 0 ;;
    esac
  done
  return 1
}

describe_each() { # read|look PATHS, one per line
  how=$1 safe_folders=''
  IFS=$NL
  for one in $2; do
    unset IFS
    describe "$how" "$one"
  done
  unset IFS
}

describe() { # read|look PATH
  word "$2"
  name=$word
  if [ ! -e "$2" ] && [ ! -L "$2" ]; then
    echo "absent $name"
    return
  fi
  if ! meta=$(stat -L -c '%s/%a %u:%g %U:%G %s %Y/%Z %F' -- "$2" 2>/dev/null); then
    echo "unreadable $name"
    return
  fi
  label=-
  [ -d /sys/fs/selinux ] && label=$(stat -L -c '%C' -- "$2" 2>/dev/null)
  link=
  [ -L "$2" ] && link=$(readlink -f -- "$2") && since=$(stat -c '%Z' -- "$2" 2>/dev/null)
  [ -z "$link" ] || word "$link"
  # A link may have been changed to point to an older file.
  echo "stat $name ${label:--} ${link:+$word,$since}. ${meta#*/}"
  [ "$1" = read ] && [ -f "$2" ] || return 0
  ! has_room "$name" "${meta%%/*}" || send "$name" "$2" 2>/dev/null <"$2" || echo "unreadable $name"
}

has_room() { # NAME SIZE: whether a file of that size may be sent; else reports why not
  if [ "$2" -gt "$cap" ]; then
    word "it is larger than $((cap / 1024)) KiB"
  elif [ "$2" -gt "$room" ]; then
    word "the files before it hold $((ALL_BYTES / 1048576)) MiB"
  else
    room=$((room - $2))
    return 0
  fi
  echo "unread $1 $word"
  return 1
}

send() { # NAME PATH, with PATH open on standard input
  kept "$2"
  if [ -n "$reason" ]; then
    word "$reason"
    echo "unread $1 $word"
    return
  fi
  grep -qE "$SECRETS" /proc/self/fd/0
  case $? in
    0) echo "secret $1" ;;
    1) content=$(head -c "$cap" | b64) && echo "content $1 $content." ;; # a file that grows meanwhile is cut at the limit
    *) return 1 ;;
  esac
}
