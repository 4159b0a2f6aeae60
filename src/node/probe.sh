# Prints the facts about a node, one record per line, in the words of probe-words.sh. Changes nothing, and starts as few processes as it
# can: on a node with many pods each takes its time. See docs/decisions/028-fast-probe.md.
# $1 units  $2 process names  $3 files to read  $4 files to stat only  $5 folders whose files to read
# $6 flags and fields that name paths to read  $7 flags and fields that name paths to stat only
# $8 programs to ask for their version  $9 units whose journal shows how they start a kubelet
# $10 users to look up. All lists are separated by blanks; programs and units may be patterns.
# $11 limit on the bytes sent per file  $12 Kubernetes' own folders, which are read no matter who owns them

# shellcheck disable=SC2034,SC2154 # the parts before set and use them

system() {
  read_line /proc/sys/kernel/hostname
  word "$line"
  echo "hostname $word"
  read_line "$BOOT_ID"
  echo "boot $line"
  if [ -d /run/systemd/system ]; then
    echo 'init systemd'
    manager
  elif [ -e /run/openrc/softlevel ]; then
    echo 'init openrc'
  else
    echo 'init other'
  fi
  user_of self
  echo "user $user"
  # On all processors that Kubernetes runs on.
  echo 'ticks 100'
  space=$(df -Pk /var/lib 2>/dev/null)
  # shellcheck disable=SC2086 # fields
  set -- ${space##*"$NL"}
  [ $# -lt 6 ] || echo "free $4"
  transactions
  [ ! -e "$FILTER" ] || echo "filter $(packet_filter)"
}

told_in() { # FILE: sets word to its first line, cut to a readable length
  read_line "$1"
  [ ${#line} -le 400 ] || line=$(printf '%.400s' "$line")
  word "$line"
}

# Reports stored changes: `ID STATE AGE OWNER VERDICT STUCK ENDER`. AGE is in seconds, or - after a reboot.
transactions() {
  expand "$BASE/txn/*/"
  [ -n "$matched" ] || return 0
  up=$(now) this_boot=$(boot_mark)
  for dir in $matched; do
    dir=${dir%/}
    read_state "$dir"
    [ "$state" != none ] || continue
    age=-
    read_line "$dir/began"
    began=$line
    read_line "$dir/boot"
    case $began in
      '' | *[!0-9]*) ;;
      *) [ "$line" != "$this_boot" ] || age=$((up - began)) ;;
    esac
    word "${dir##*/}"
    about="$word =$state $age"
    for file in owner verdict stuck; do
      told_in "$dir/$file"
      about="$about $word"
    done
    read_ender "$dir"
    echo "transaction $about $ender"
  done
}

# Reports units and tables. Sets unit_files, started_from, runs, mains (PID and control group of each main process) and pids.
units() { # NAMES USERS
  shown='' unit_files='' disk_files='' globbed='' started_from='' runs='' mains='' pids=''
  if [ -d /run/systemd/system ]; then
    shown=$(systemd_units "$1")
  elif [ -e /run/openrc/softlevel ]; then
    shown=$(openrc_services "$1")
  fi
  about=$(facts_of "$shown" "$2")
  IFS=$NL
  for one in $about; do
    unset IFS
    take_fact "${one%"${one#?}"}" "${one#?}"
  done
  unset IFS
  globs "$unit_files$disk_files"
  unit_files=$globbed
}

take_fact() { # LETTER VALUE: as facts_of prints them
  case $1 in
    =) printf 'unit %s\n' "$2" ;;
    t) printf '%s\n' "$2" ;;
    f | e | d) unit_files=$unit_files$NL$2 ;;
    w | x) started_from=$started_from$NL$2 ;;
    u) files_of "${2%% *}" "${2#* }" ;;
    p) mains=$mains$NL$2 pids="$pids ${2%% *}" ;;
    s) runs=$runs$NL$2 ;;
  esac
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
  command_words='' programs=''
  expand '/proc/[0-9]*'
  for dir in $matched; do
    pid=${dir#/proc/}
    name=''
    { read -r name <"$dir/comm"; } 2>/dev/null || continue
    case " $1 $pids " in
      *" $name "* | *" $pid "*) ;;
      *) continue ;;
    esac
    own "$pid" || continue
    state=''
    { read -r state <"$dir/stat"; } 2>/dev/null || continue
    # It may end at any moment.
    words=$({ tr '\0' '\n' <"$dir/cmdline"; } 2>/dev/null)
    [ -n "$words" ] || continue
    report_process
    command_words=$command_words$NL$words
  done
}

# Its command line follows with the texts.
report_process() {
  links=$(realpath "$dir/exe" "$dir/cwd" 2>/dev/null)
  case $links in
    *"$NL"*"$NL"*) exe=$(readlink "$dir/exe") cwd=$(readlink "$dir/cwd") ;;
    ?*"$NL"?*) exe=${links%"$NL"*} cwd=${links#*"$NL"} ;;
    *) exe=$(readlink "$dir/exe") cwd=$(readlink "$dir/cwd") ;;
  esac 2>/dev/null
  word "$exe"
  about="$pid $word"
  word "$cwd"
  echo "proc $about $word $state"
  echo "text $pid"
  texts=$texts$NL$dir/cmdline$NL$BOOT_ID
  programs="$programs$NL$pid $exe"
}

versions() { # PROGRAMS: asks the main processes' programs, where they are among these
  for pid in $pids; do
    case $programs in
      *"$NL$pid "*) exe=${programs#*"$NL$pid "} exe=${exe%%"$NL"*} ;;
      *) continue ;;
    esac
    like "${exe##*/}" "$1" || continue
    timeout 5 "/proc/$pid/exe" --version 2>/dev/null | {
      line=''
      IFS= read -r line
      word "$line"
      echo "version $pid $word"
    }
  done
}

files() { # READ LOOK FOLDERS READ-REFERENCES LOOK-REFERENCES
  list_folders "$3"
  also_read "$unit_files"
  also_read "$1"
  describe_all "$read_list" "$2$started_from"
  find_named "$unit_files" "$command_words" "$4" "$5"
  read_list='' rest=''
  list_folders "$named"
  # Files that were not known before, or that others than root may change.
  for one in $named; do
    if [ -f "$one" ] && ! among "$one" "$scanned"; then rest=$rest$NL$one; fi
  done
  new_of "$rest"
  [ -z "$new" ] || describe_all "$new" ''
  find_named "$rest" '' "$4" "$5"
  new_of "$named$deeper$read_list"
  reads=$new known=$known$NL$2$started_from
  new_of "$looked"
  describe_all "$reads" "$new"
}

new_of() { # PATHS, one per line: sets new to those that are not in known
  new=''
  IFS=$NL
  for one in $1; do
    among "$one" "$known$new" || new=$new$NL$one
  done
  unset IFS
}

lines_of() { # WORDS: sets lines to them, one per line
  lines=''
  for one in $1; do lines=$lines$NL$one; done
}

main() {
  [ $# -eq 12 ] || exit 97
  LC_ALL=C
  export LC_ALL
  set -f
  cap=${11} roots=${12}
  echo 'kubelatch-facts 1'
  system
  units "$1" "${10}"
  processes "$2"
  journals "$9" "$runs"
  lines_of "$3"
  globs "$lines"
  read=$globbed
  lines_of "$4"
  look=$lines
  lines_of "$5"
  files "$read" "$look" "$lines" "$6" "$7"
  versions "$8"
  send_all
  echo 'end'
}
main "$@"
