# Units for the probe: what systemd or OpenRC runs, and how a unit reported starting its kubelet.

# shellcheck disable=SC2086,SC2154 # lists; the other parts

systemd_units() { # NAMES
  properties=Id,Names,LoadState,ActiveState,SubState,UnitFileState,FragmentPath,DropInPaths,EnvironmentFiles,ExecStart
  properties=$properties,WorkingDirectory,MainPID,NRestarts,Type,RestartUSec,NeedDaemonReload,KillMode,InvocationID,ControlGroup,IPIngressBytes
  # Names may be patterns, which systemd expands.
  exec systemctl show --no-pager -p "$properties" -- $1 2>/dev/null
}

# facts_of UNITS USERS: what `systemctl show` said about the units, and tables of the machine, in one go: a fact per line, a letter before it.
# =: a line of the units as it is   t: a record of the answer: when the machine was started, ports, own addresses, and whether the local
# files have a user and a group of each name   f, e, d, w, x: a unit's file, its files of variables, its drop-ins, its folder, its program
# u UNIT NAMES: it has a file   p PID GROUP: its main process   s UNIT INVOCATION: it runs
facts_of() {
  shown=$1 users=$2
  set --
  for file in /proc/stat /proc/net/tcp /proc/net/tcp6 /proc/net/fib_trie /proc/net/if_inet6 /etc/passwd /etc/group; do
    [ ! -r "$file" ] || set -- "$@" "$file"
  done
  exec awk -v users="$users" '
    function value() { return substr($0, index($0, "=") + 1) }
    function own(address) { if (!seen[address]++ && ++addresses < 8192) print "town " address }
    part == "units" { print "=" $0 }
    part == "units" && $0 == "" {
      if (loaded) print "u" unit " " names
      if (pid ~ /^[1-9][0-9]*$/) print "p" pid " " group
      if (pid > 0 && invocation ~ /^[0-9a-f]+$/) print "s" unit " " invocation
      unit = names = invocation = pid = group = loaded = ""
    }
    part == "units" {
      if (/^Id=/) unit = value()
      if (/^Names=/) names = value()
      if (/^InvocationID=/) invocation = value()
      if (/^MainPID=/) pid = value()
      if (/^ControlGroup=/) group = value()
      if (/^FragmentPath=./) print "f" value()
      if (/^FragmentPath=\//) loaded = 1
      if (/^EnvironmentFiles=.* \(ignore_errors=[a-z]*\)$/) { path = value(); sub(/ \(ignore_errors=[a-z]*\)$/, "", path); print "e" path }
      if (/^DropInPaths=./) { n = split(value(), list, " "); for (i = 1; i <= n; i++) print "d" list[i] }
      if (/^WorkingDirectory=!?\//) { path = value(); sub(/^!/, "", path); print "w" path }
      if (/^ExecStart=\{ path=\/.* ; argv\[\]=/) { path = substr($0, 18); sub(/ ; argv\[\]=.*/, "", path); print "x" path }
      next
    }
    FILENAME == "/proc/stat" && $1 == "btime" { print "tbtime " $2 }
    FILENAME ~ /^\/proc\/net\/tcp6?$/ && $4 == "0A" { print "tlisten " $2 }
    FILENAME == "/proc/net/fib_trie" && $1 == "|--" { address = $2 }
    FILENAME == "/proc/net/fib_trie" && $1 == "/32" && $2 == "host" && $3 == "LOCAL" { own(address) }
    FILENAME == "/proc/net/if_inet6" { own($1) }
    FILENAME == "/etc/passwd" || FILENAME == "/etc/group" {
      split($0, field, ":")
      known[FILENAME] = 1
      known[FILENAME, field[1]] = 1
    }
    END {
      n = split(users, list, " ")
      for (i = 1; i <= n && ("/etc/passwd" in known) && ("/etc/group" in known); i++)
        print "taccount =" list[i], (("/etc/passwd", list[i]) in known) ? "yes" : "no", (("/etc/group", list[i]) in known) ? "yes" : "no"
    }' part=units - part=tables "$@" 2>/dev/null <<UNITS
$shown

UNITS
}

# The files of a unit that systemd reads at its next daemon-reload, folders of higher precedence first.
files_of() { # UNIT NAMES
  for folder in $folders; do
    report_file "$1" "$folder/$1"
    report_file "$1" "$folder/${1%%@*}@.${1##*.}"
  done
  for one in $1 $2; do
    for folder in $folders; do drop_ins "$1" "$folder" "$one"; done
  done
  for folder in $folders; do drop_ins_in "$1" "$folder/${1##*.}.d"; done
}

report_file() { # UNIT PATH: also adds it to disk_files
  if [ ! -e "$2" ] && [ ! -L "$2" ]; then return; fi
  word "$2"
  echo "on-disk =$1 $word"
  disk_files=$disk_files$NL$2
}

# Drop-ins for a name, for its template, and for each prefix of the name that ends in a dash.
drop_ins() { # UNIT FOLDER NAME
  type=${3##*.} prefix=${3%.*}
  drop_ins_in "$1" "$2/$3.d"
  case $prefix in
    *@?*) drop_ins_in "$1" "$2/${prefix%%@*}@.$type.d" ;;
  esac
  prefix=${prefix%%@*}
  while [ "${prefix%-*}" != "$prefix" ]; do
    prefix=${prefix%-*}
    drop_ins_in "$1" "$2/$prefix-.$type.d"
  done
}

drop_ins_in() { # UNIT FOLDER
  [ -d "$2" ] && cd -P -- "$2" 2>/dev/null || return 0
  expand "$PWD/*.conf"
  cd /
  IFS=$NL
  for file in $matched; do
    unset IFS
    report_file "$1" "$file"
  done
  unset IFS
}

# Reports systemd's version and the names of the variables it gives to every service, whose values are not sent. Sets folders, in which
# systemd looks for units.
manager() {
  version='' folders=''
  while IFS='=' read -r key value; do
    case $key in
      Version) version=${value#systemd } ;;
      UnitPath) folders=$value ;;
    esac
  done <<SHOWN
$(systemctl show --no-pager -p Version -p UnitPath 2>/dev/null)
SHOWN
  echo "systemd ${version%%[!0-9]*}"
  names=''
  while IFS='=' read -r name value; do
    case $name in
      *[!A-Za-z0-9_]* | [0-9]* | '') ;;
      *) names="$names $name" ;;
    esac
  done <<SHOWN
$(systemctl show-environment 2>/dev/null)
SHOWN
  word "${names# }"
  echo "manager $word"
}

# globs PATHS, one per line: reports the matches of each pattern among them; also sets globbed, the paths and all matches.
globs() {
  globbed=''
  IFS=$NL
  for pattern in $1; do
    unset IFS
    globbed=$globbed$NL$pattern
    case $pattern in
      *[*?[]*) report_matches "$pattern" ;;
    esac
  done
  unset IFS
}

report_matches() { # PATTERN
  word "$1"
  glob=$word
  echo "glob $glob"
  expand "$1"
  IFS=$NL
  for path in $matched; do
    unset IFS
    word "$path"
    echo "match $glob $word"
  done
  unset IFS
  globbed=$globbed$NL$matched
}

# Reports OpenRC scripts by unit name, in the format of `systemctl show`.
openrc_services() { # NAMES
  for one in $1; do
    expand "/etc/init.d/${one%.service}"
    for service in $matched; do
      [ -f "$service" ] || continue
      name=${service##*/} daemon=0
      { read -r daemon <"/run/$name.pid"; } 2>/dev/null
      main=$(main_of "${daemon:-0}")
      active=inactive
      [ "$main" = 0 ] || active=active
      printf 'Id=%s\nLoadState=loaded\nActiveState=%s\nFragmentPath=%s\nMainPID=%s\n\n' "$name" "$active" "$service" "$main"
    done
  done
}

# main_of PID: the process itself, or the child of a supervise-daemon, whose own PID is in the PID file; 0 if there is none. The PID
# may have been reused, so a process that does not belong to root does not count.
main_of() {
  name=''
  { read -r name <"/proc/$1/comm"; } 2>/dev/null || set -- 0
  expand '/proc/[0-9]*'
  for dir in $matched; do
    [ "${name#supervise-}" != "$name" ] || break
    state=''
    { read -r state <"$dir/stat"; } 2>/dev/null || continue
    parent=${state##*) } && parent=${parent#* } && parent=${parent%% *}
    [ "$parent" = "$1" ] && set -- "${dir#/proc/}" && break
  done
  of_root "$1" || set -- 0
  echo "$1"
}

# Reports how units started their kubelet, by their journal since their last start. Only the first such line counts: later lines may
# quote text that anyone could have written.
journals() { # PATTERNS RUNS: `UNIT INVOCATION`, one per line
  IFS=$NL
  for run in $2; do
    unset IFS
    unit=${run% *}
    like "$unit" "$1" || continue
    line=$(timeout 5 journalctl --no-pager -q -o cat "_SYSTEMD_UNIT=$unit" "_SYSTEMD_INVOCATION_ID=${run##* }" </dev/null 2>/dev/null |
      sed -n '/^time="[^"]*" level=info msg="Running kubelet --/{p;q;}' | head -c 16384)
    word "$unit"
    name=$word
    word "$line"
    echo "started $name $word"
  done
  unset IFS
}
