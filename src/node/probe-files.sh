# Files for the probe: which ones to read, which paths their text names, and what to report about each.

# probe.sh sets cap, roots and unit_files.
# shellcheck disable=SC2154,SC2094
# Limits per folder on the number of files and their total bytes, and a limit on the bytes of all files.
FOLDER_FILES=200 FOLDER_BYTES=1048576 ALL_BYTES=5242880

# For the names in $1: absolute paths in --name=PATH, --name PATH and name: PATH on stdin.
references() {
  awk -v names="$1" '
    BEGIN { n = split(names, list, " "); for (i = 1; i <= n; i++) known[list[i]] = 1 }
    {
      gsub(/["\047,{}]/, " ")
      sub(/^[ \t]+/, "")
      count = split($0, word, /[ \t=]+/)
      if (pending && word[1] ~ /^\//) print word[1]
      pending = 0
      for (i = 1; i <= count; i++) {
        key = word[i]
        sub(/^--?/, "", key)
        sub(/:$/, "", key)
        if (!(key in known)) continue
        if (i == count) pending = 1
        else if (word[i + 1] ~ /^\//) print word[i + 1]
      }
    }'
}

contents_of() { # PATHS, one per line: the text of those that may be read, each followed by a newline
  safe_folders=''
  while IFS= read -r path; do
    [ -f "$path" ] || continue
    { kept "$path" && [ -z "$reason" ] && head -c "$cap" && echo; } <"$path"
  done 2>/dev/null
}

also_read() { # PATHS, one per line
  read_list="$read_list
$1"
}

folders() { # PATHS, one per line
  while IFS= read -r one; do
    [ -z "$one" ] || folder "$one"
  done <<PATHS
$1
PATHS
}

# Reports the files in a folder, including links to /dev/null. A kubelet does not follow a link to a folder and fails on a broken link,
# so links are reported too, except in sysctl.d, where they have no effect. A folder above the limits is reported as such and skipped.
folder() { # DIR
  [ -d "$1" ] || return 0
  inside=$(timeout 5 find -L "$1" -maxdepth 3 \( -type f -o -type c \) 2>/dev/null | head -n $((FOLDER_FILES + 1)))
  case $1 in
    */sysctl.d) ;;
    *) inside="$inside
$(timeout 5 find "$1" -maxdepth 3 -type l 2>/dev/null | head -n $((FOLDER_FILES + 1)))" ;;
  esac
  crowd=$(crowded "$inside")
  if [ -n "$crowd" ]; then
    echo "crowded $(b64_of "$1") $(b64_of "$crowd")."
  else
    also_read "$inside"
  fi
}

crowded() ( # PATHS, one per line: prints why they exceed the limits; nothing if they do not
  paths=$1
  set --
  while IFS= read -r path; do
    [ -z "$path" ] || set -- "$@" "$path"
  done <<PATHS
$paths
PATHS
  [ $# -gt 0 ] || exit
  if [ $# -gt "$FOLDER_FILES" ]; then
    echo "holds more than $FOLDER_FILES files"
  else
    stat -L -c %s -- "$@" 2>/dev/null | awk -v most="$FOLDER_BYTES" '
      { sum += $1 }
      END { if (sum > most) print "holds more than " most / 1024 " KiB" }'
  fi
)

# kept PATH, opened as standard input: sets reason to why its text must stay on the node; empty if it may be sent. The opened file
# counts, even if the path leads elsewhere by now.
kept() {
  reason=''
  real=$(readlink /proc/self/fd/0)
  case $real in
    /etc/shadow* | /etc/gshadow* | /etc/sudoers* | /etc/security/opasswd* | /etc/ssh/*_key | */.ssh/* | /root/.* | /dev/*)
      reason='it may hold accounts or keys'
      return
      ;;
    /proc/sys/*) return ;;
    /proc/* | /sys/*)
      reason='the kernel made it'
      return
      ;;
  esac
  # Check both the name and its target: anyone who can change a link could otherwise have any file sent.
  among_safe "${1%/*}" && among_safe "${real%/*}" && reason=$(unsafe_files "$real")
  if [ -n "$reason" ] && is_known "$1" "$real"; then reason=''; fi
}

among() { # LINE LINES
  case "
$2
" in
    *"
$1
"*) return 0 ;;
  esac
  return 1
}

among_safe() { # FOLDER: only root can change it; else sets reason
  ! among "$1" "$safe_folders" || return 0
  reason=$(unsafe_folder "$1")
  [ -z "$reason" ] && safe_folders="$safe_folders
$1"
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

describe_all() { # read|look, for paths on stdin, one per line
  room=$ALL_BYTES safe_folders=''
  while IFS= read -r one; do describe "$one" "$1"; done
}

describe() { # PATH read|look
  case $1 in
    '' | *[!A-Za-z0-9/._@:+-]*) name=$(b64_of "$1") ;;
    *) name="=$1" ;;
  esac
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then
    echo "absent $name"
    return
  fi
  if ! meta=$(stat -L -c '%s/%a %u:%g %U:%G %s %Y/%Z %F' -- "$1" 2>/dev/null); then
    echo "unreadable $name"
    return
  fi
  label=-
  [ -d /sys/fs/selinux ] && label=$(stat -L -c '%C' -- "$1" 2>/dev/null)
  link=
  [ -L "$1" ] && link=$(readlink -f -- "$1") && since=$(stat -c '%Z' -- "$1" 2>/dev/null)
  # A link may have been changed to point to an older file.
  echo "stat $name ${label:--} ${link:+$(b64_of "$link"),$since}. ${meta#*/}"
  [ "$2" = read ] && [ -f "$1" ] || return 0
  size=${meta%%/*}
  if [ "$size" -gt "$cap" ]; then
    echo "unread $name $(b64_of "it is larger than $((cap / 1024)) KiB")."
  elif [ "$size" -gt "$room" ]; then
    echo "unread $name $(b64_of "the files before it hold $((ALL_BYTES / 1048576)) MiB")."
  else
    room=$((room - size))
    send "$name" "$1" 2>/dev/null <"$1" || echo "unreadable $name"
  fi
}

send() { # NAME PATH, with PATH open on standard input
  kept "$2"
  if [ -n "$reason" ]; then
    echo "unread $1 $(b64_of "$reason")."
  elif grep -qE 'PRIVATE KEY|^[a-z_][a-z0-9_-]*:[!*]?(\$[0-9a-z]+\$|[!*]:)[^ ]*:[0-9]*:' /proc/self/fd/0; then
    echo "secret $1"
  else # a file that grows meanwhile is cut at the limit
    content=$(head -c "$cap" | b64) && echo "content $1 $content."
  fi
}
