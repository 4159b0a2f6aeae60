# Prints the facts about a node, one record per line. Changes nothing. Values with arbitrary text are base64; plain words follow a `=`
# instead, which saves a process for each.
# $1 units  $2 process names  $3 files to read  $4 files to stat only  $5 folders whose files to read
# $6 flags and fields that name paths to read  $7 flags and fields that name paths to stat only
# $8 programs to ask for their version  $9 units whose journal shows how they start a kubelet
# $10 users to look up. All lists are separated by blanks; programs and units may be patterns.
# $11 limit on the bytes sent per file  $12 Kubernetes' own folders, which are read no matter who owns them

system() {
  echo "hostname $(b64 </proc/sys/kernel/hostname)"
  echo "boot $(cat /proc/sys/kernel/random/boot_id)"
  if [ -d /run/systemd/system ]; then
    echo 'init systemd'
    manager
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
  [ ! -e "$FILTER" ] || echo "filter $(packet_filter)"
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '$4 == "0A" { print "listen " $2 }'
  own_addresses | awk '!seen[$0]++ && NR < 8192 { print "own " $0 }'
}

own_addresses() {
  awk '$1 == "|--" { address = $2 } $1 == "/32" && $2 == "host" && $3 == "LOCAL" { print address }' /proc/net/fib_trie 2>/dev/null
  awk '{ print $1 }' /proc/net/if_inet6 2>/dev/null
}

told_in() { # FILE: its first line, cut to a readable length
  printf '%.400s' "$(line_of "$1")" | b64
}

# Reports stored changes: `ID STATE AGE OWNER VERDICT STUCK ENDER`. AGE is in seconds, or - after a reboot.
transactions() {
  up=$(now) this_boot=$(boot_mark)
  for dir in "$BASE"/txn/*/; do
    dir=${dir%/}
    state=$(state_of "$dir")
    [ "$state" != none ] || continue
    age=- began=$(line_of "$dir/began")
    case $began in
      '' | *[!0-9]*) ;;
      *) [ "$(line_of "$dir/boot")" != "$this_boot" ] || age=$((up - began)) ;;
    esac
    echo "transaction $(b64_of "${dir##*/}") $(b64_of "$state") $age $(told_in "$dir/owner"). $(told_in "$dir/verdict"). $(told_in "$dir/stuck"). $(ender_of "$dir")"
  done
}

units() { # NAMES: also sets shown, unit_files, started_from, mains (PID and control group of each main process) and pids
  shown='' unit_files='' disk_files='' globbed='' started_from='' mains='' pids=''
  if [ -d /run/systemd/system ]; then
    shown=$(systemd_units "$1")
    disk_files=$(on_disk "$shown")
  elif [ -e /run/openrc/softlevel ]; then
    shown=$(openrc_services "$1")
  fi
  [ -n "$shown" ] || return 0
  echo "units $(b64_of "$shown")"
  echo "disk $(b64_of "$disk_files")"
  unit_files=$(printf '%s\n' "$shown" | sed -n -e 's/^FragmentPath=//p' \
    -e 's/^EnvironmentFiles=\(.*\) (ignore_errors=.*)$/\1/p' -e '/^DropInPaths=/{s/^DropInPaths=//;s/ /\n/g;p;}')
  globs "$unit_files
$(printf '%s\n' "$disk_files" | sed 's/^[^ ]* //')"
  unit_files=$globbed
  started_from=$(printf '%s\n' "$shown" | sed -n -e 's/^WorkingDirectory=!\{0,1\}\(\/.*\)$/\1/p' \
    -e 's/^ExecStart={ path=\(\/.*\) ; argv\[\]=.*/\1/p')
  mains=$(printf '%s\n\n' "$shown" | awk -F= '
    $1 == "MainPID" { pid = $2 }
    $1 == "ControlGroup" { group = $2 }
    $0 == "" {
      if (pid ~ /^[1-9][0-9]*$/) print pid, group
      pid = group = ""
    }')
  pids=$(printf '%s\n' "$mains" | cut -d ' ' -f 1)
}

accounts() { # NAMES: whether the local files have a user and a group of that name
  for one in $1; do
    user=no group=no
    grep -q "^$one:" /etc/passwd 2>/dev/null && user=yes
    grep -q "^$one:" /etc/group 2>/dev/null && group=yes
    [ -r /etc/passwd ] && [ -r /etc/group ] && echo "account $(b64_of "$one") $user $group"
  done
}

# A process counts only if it belongs to a unit: anyone can run a program with that name and any arguments.
own() { # PID
  if [ -z "$mains" ]; then
    [ ! -d /run/systemd/system ] && of_root "$1"
    return
  fi
  while read -r main_pid group; do
    ! belongs "$1" "$main_pid" "$group" || return 0
  done <<MAINS
$mains
MAINS
  return 1
}

processes() { # NAMES: processes of units with these names, and their main processes; also sets command_words
  command_words=''
  for dir in /proc/[0-9]*; do
    pid=${dir#/proc/}
    name=''
    { read -r name <"$dir/comm"; } 2>/dev/null || continue
    wanted=no
    for one in $1; do [ "$name" = "$one" ] && wanted=yes; done
    for one in $pids; do [ "$pid" = "$one" ] && wanted=yes; done
    if [ "$wanted" = no ] || ! own "$pid"; then continue; fi
    state=''
    { read -r state <"$dir/stat"; } 2>/dev/null || continue
    # It may end at any moment.
    coded=$({ b64 <"$dir/cmdline"; } 2>/dev/null)
    words=$({ tr '\0' '\n' <"$dir/cmdline"; } 2>/dev/null)
    if [ -z "$words" ] || [ -z "$coded" ]; then continue; fi
    exe=$(readlink "$dir/exe" 2>/dev/null)
    cwd=$(readlink "$dir/cwd" 2>/dev/null)
    echo "process $pid $(b64_of "$state") $coded $(b64_of "$exe"). $(b64_of "$cwd")."
    command_words="$command_words
$words"
  done
}

main() {
  [ $# -eq 12 ] || exit 97
  # shellcheck disable=SC2034 # probe-files.sh uses them
  cap=${11} roots=${12}
  echo 'kubelatch-facts 1'
  system
  units "$1"
  processes "$2"
  started "$9" "$shown"
  accounts "${10}"

  globs "$(
    set -f
    for one in $3; do echo "$one"; done
  )"
  read_list=$unit_files
  also_read "$globbed"
  for one in $5; do folder "$one"; done
  unit_text=$(
    printf '%s\n' "$unit_files" | sort -u | contents_of
    printf '%s\n' "$command_words"
  )
  found=$(printf '%s\n' "$unit_text" | references "$6")
  in_found=$(printf '%s\n' "$found" | sort -u | contents_of)
  also_read "$found"
  also_read "$(printf '%s\n' "$in_found" | references "$6")"
  folders "$found"
  look_list=$(
    for one in $4; do echo "$one"; done
    printf '%s\n' "$started_from"
    printf '%s\n%s\n' "$unit_text" "$in_found" | references "$7"
  )
  printf '%s\n' "$read_list" | sed '/^$/d' | sort -u | describe_all read
  printf '%s\n' "$look_list" | sed '/^$/d' | sort -u | describe_all look

  for pid in $pids; do
    exe=$(readlink "/proc/$pid/exe" 2>/dev/null) || continue
    like "${exe##*/}" "$8" || continue
    echo "version $pid $(timeout 5 "/proc/$pid/exe" --version 2>/dev/null | head -n 1 | b64)."
  done
  echo 'end'
}
main "$@"
