# Prints what kubelatch wants to know of a node, one record a line; changes nothing. Values that may hold anything are base64, or
# plain words behind a `=`: a process less for each.
# $1 units  $2 process names  $3 files to read  $4 files to look at only  $5 folders whose files are read
# $6 names of flags and fields whose paths are read  $7 the same, looked at only
# $8 programs that may be asked for their version  $9 units that tell their journal what they start a kubelet with
# $10 users that are looked for: all separated by blanks, programs and units may be patterns
# $11 the most bytes of one file that are sent

# Not every base64 leaves out the ends of lines by itself.
case $(printf x | base64 -w 0 2>/dev/null) in
  eA==) one_line=-w0 ;;
  *) one_line= ;;
esac
b64() { if [ -n "$one_line" ]; then base64 "$one_line"; else base64 | tr -d '\n'; fi; }
b64_of() { if [ -n "$one_line" ]; then printf '%s' "$1" | base64 "$one_line"; else printf '%s' "$1" | base64 | tr -d '\n'; fi; }

system() {
  echo "hostname $(b64 </proc/sys/kernel/hostname)"
  echo "boot $(cat /proc/sys/kernel/random/boot_id)"
  if [ -d /run/systemd/system ]; then
    echo 'init systemd'
  elif [ -e /run/openrc/softlevel ]; then
    echo 'init openrc'
  else
    echo 'init other'
  fi
  echo "user $(id -u)"
  echo "ticks $(getconf CLK_TCK 2>/dev/null || echo 100)"
  sed -n 's/^btime /btime /p' /proc/stat
  df -Pk /var/lib 2>/dev/null | awk 'NR == 2 { print "free " $4 }'
  transactions
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '$4 == "0A" { print "listen " $2 }'
}

line_of() { # FILE: its first line, cut to what a person reads
  text=
  { IFS= read -r text <"$1"; } 2>/dev/null || true
  printf '%.400s' "$text"
}

# What the node keeps of changes: `ID STATE AGE OWNER VERDICT STUCK`, the age in seconds, - after another start of the machine.
transactions() {
  read -r up _ </proc/uptime
  this_boot=$(cat /proc/sys/kernel/random/boot_id):$(sed 's/.*) //' /proc/1/stat | cut -d ' ' -f 20)
  for dir in "${KUBELATCH_ROOT:-/var/lib/kubelatch}"/txn/*/; do
    dir=${dir%/}
    state=$(line_of "$dir/state")
    [ -n "$state" ] || continue
    # Once decided, a disk too full to say so does not make it undone.
    case $state in
      armed | writing | applied)
        if [ -e "$dir/decided-confirm" ]; then
          state=confirmed
        elif [ -e "$dir/decided-revert" ]; then
          state=reverting
        fi
        ;;
    esac
    age=- began=$(line_of "$dir/began")
    case $began in
      '' | *[!0-9]*) ;;
      *) [ "$(line_of "$dir/boot")" != "$this_boot" ] || age=$((${up%%.*} - began)) ;;
    esac
    echo "transaction $(b64_of "${dir##*/}") $(b64_of "$state") $age $(line_of "$dir/owner" | b64). $(line_of "$dir/verdict" | b64). $(line_of "$dir/stuck" | b64)."
  done
}

units() { # NAMES: also sets shown, unit_files and pids
  shown='' unit_files='' pids=''
  if [ -d /run/systemd/system ]; then
    shown=$(systemd_units "$1")
  elif [ -e /run/openrc/softlevel ]; then
    shown=$(openrc_services "$1")
  fi
  [ -n "$shown" ] || return 0
  echo "units $(b64_of "$shown")"
  unit_files=$(printf '%s\n' "$shown" | sed -n -e 's/^FragmentPath=//p' \
    -e 's/^EnvironmentFiles=\(.*\) (ignore_errors=.*)$/\1/p' -e '/^DropInPaths=/{s/^DropInPaths=//;s/ /\n/g;p;}')
  pids=$(printf '%s\n' "$shown" | sed -n 's/^MainPID=\([1-9][0-9]*\)$/\1/p')
}

accounts() { # NAMES: whether a user and a group of that name are in the files
  for one in $1; do
    user=no group=no
    grep -q "^$one:" /etc/passwd 2>/dev/null && user=yes
    grep -q "^$one:" /etc/group 2>/dev/null && group=yes
    [ -r /etc/passwd ] && [ -r /etc/group ] && echo "account $(b64_of "$one") $user $group"
  done
}

processes() { # NAMES: those, and the main processes of the units; also sets command_words
  command_words=''
  for dir in /proc/[0-9]*; do
    pid=${dir#/proc/}
    name=''
    { read -r name <"$dir/comm"; } 2>/dev/null || continue
    wanted=no
    for one in $1; do [ "$name" = "$one" ] && wanted=yes; done
    for one in $pids; do [ "$pid" = "$one" ] && wanted=yes; done
    [ "$wanted" = yes ] || continue
    state=''
    { read -r state <"$dir/stat"; } 2>/dev/null || continue
    words=$(tr '\0' '\n' 2>/dev/null <"$dir/cmdline")
    [ -n "$words" ] || continue
    exe=$(readlink "$dir/exe" 2>/dev/null)
    cwd=$(readlink "$dir/cwd" 2>/dev/null)
    echo "process $pid $(b64_of "$state") $(b64 <"$dir/cmdline") $(b64_of "$exe"). $(b64_of "$cwd")."
    command_words="$command_words
$words"
  done
}

# Absolute paths behind --name=PATH, --name PATH and name: PATH on stdin, for the names in $1.
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

contents_of() { # PATHS, one a line: their text, each ended by a newline
  while IFS= read -r path; do
    [ -f "$path" ] && cat -- "$path" 2>/dev/null && echo
  done
}

folder() { # DIR: the files below it, links to /dev/null among them
  [ -d "$1" ] || return 0
  find -L "$1" -maxdepth 3 \( -type f -o -type c \) 2>/dev/null | head -n 200
}

describe() { # PATH read|look MOST
  case $1 in
    '' | *[!A-Za-z0-9/._@:+-]*) name=$(b64_of "$1") ;;
    *) name="=$1" ;;
  esac
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then
    echo "absent $name"
    return
  fi
  if ! meta=$(stat -L -c '%s/%a %u:%g %U:%G %s %Y %F' -- "$1" 2>/dev/null); then
    echo "unreadable $name"
    return
  fi
  label=-
  [ -d /sys/fs/selinux ] && label=$(stat -L -c '%C' -- "$1" 2>/dev/null)
  link=
  [ -L "$1" ] && link=$(readlink -f -- "$1")
  echo "stat $name ${label:--} ${link:+$(b64_of "$link")}. ${meta#*/}"
  [ "$2" = read ] && [ -f "$1" ] || return 0
  # What grows meanwhile is cut where it is read.
  [ "${meta%%/*}" -le "$3" ] || return 0
  if grep -q 'PRIVATE KEY' -- "$1" 2>/dev/null; then
    echo "secret $name"
  elif content=$(head -c "$3" -- "$1" 2>/dev/null | b64) && [ -r "$1" ]; then
    echo "content $name $content."
  else
    echo "unreadable $name"
  fi
}

main() {
  [ $# -eq 11 ] || exit 97
  cap=${11}
  echo 'kubelatch-facts 1'
  system
  units "$1"
  processes "$2"
  started "$9" "$shown"
  accounts "${10}"

  read_list=$(
    printf '%s\n' "$unit_files"
    for one in $3; do echo "$one"; done
    for one in $5; do folder "$one"; done
  )
  unit_text=$(
    printf '%s\n' "$unit_files" | sort -u | contents_of
    printf '%s\n' "$command_words"
  )
  found=$(printf '%s\n' "$unit_text" | references "$6")
  in_found=$(printf '%s\n' "$found" | sort -u | contents_of)
  read_list=$(
    printf '%s\n%s\n' "$read_list" "$found"
    printf '%s\n' "$in_found" | references "$6"
    printf '%s\n' "$found" | while IFS= read -r one; do folder "$one"; done
  )
  look_list=$(
    for one in $4; do echo "$one"; done
    printf '%s\n%s\n' "$unit_text" "$in_found" | references "$7"
  )
  printf '%s\n' "$read_list" | sed '/^$/d' | sort -u | while IFS= read -r one; do describe "$one" read "$cap"; done
  printf '%s\n' "$look_list" | sed '/^$/d' | sort -u | while IFS= read -r one; do describe "$one" look "$cap"; done

  for pid in $pids; do
    exe=$(readlink "/proc/$pid/exe" 2>/dev/null) || continue
    like "${exe##*/}" "$8" || continue
    echo "version $pid $(timeout 5 "/proc/$pid/exe" --version 2>/dev/null | head -n 1 | b64)."
  done
  echo 'end'
}
main "$@"
