# Units for the probe: what systemd or OpenRC runs, and how a unit reported starting its kubelet.

# like TEXT PATTERNS: whether TEXT matches one of them; a pattern has at most one star.
like() {
  found=1
  set -f
  for one in $2; do
    start=${one%%\**} end=${one#*\*}
    case $1 in
      "$one") found=0 ;;
      "$start"*"$end") [ "$one" = "$start" ] || found=0 ;;
    esac
  done
  set +f
  return $found
}

systemd_units() { # NAMES
  properties=Id,Names,LoadState,ActiveState,SubState,UnitFileState,FragmentPath,DropInPaths,EnvironmentFiles,ExecStart
  properties=$properties,WorkingDirectory,MainPID,NRestarts,Type,RestartUSec,NeedDaemonReload,KillMode,InvocationID,ControlGroup,IPIngressBytes
  names=$1
  set --
  set -f # names may be patterns, which systemd must expand
  for unit in $names; do set -- "$@" "$unit"; done
  set +f
  systemctl show --no-pager -p "$properties" -- "$@" 2>/dev/null
}

# on_disk UNITS, as shown by `systemctl show`: one line for each current file of a unit, which systemd reads at its next
# daemon-reload: the unit's name and the path, folders of higher precedence first.
on_disk() {
  folders=$(systemctl show --no-pager -p UnitPath --value 2>/dev/null)
  unit='' names='' fragment=no
  while IFS= read -r line; do
    case $line in
      Id=*) unit=${line#Id=} ;;
      Names=*) names=${line#Names=} ;;
      FragmentPath=/*) fragment=yes ;;
      '')
        [ "$fragment" = no ] || files_of "$unit" "$names"
        unit='' names='' fragment=no
        ;;
    esac
  done <<UNITS
$1

UNITS
}

files_of() { # UNIT NAMES
  for folder in $folders; do
    for file in "$folder/$1" "$folder/${1%%@*}@.${1##*.}"; do
      if [ -e "$file" ] || [ -L "$file" ]; then printf '%s %s\n' "$1" "$file"; fi
    done
  done
  for one in $1 $2; do
    for folder in $folders; do drop_ins "$1" "$folder" "$one"; done
  done
  for folder in $folders; do drop_ins_in "$1" "$folder/${1##*.}.d"; done
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
  [ -d "$2" ] || return 0
  (
    cd -P -- "$2" 2>/dev/null || exit 0
    for file in *.conf; do
      if [ -e "$file" ] || [ -L "$file" ]; then printf '%s %s\n' "$1" "$PWD/$file"; fi
    done
  )
}

# Reports systemd's version and the names of the variables it gives to every service. Their values are not sent.
manager() {
  echo "systemd $(systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]\{1,4\}\).*/\1/p')"
  echo "manager $(systemctl show-environment 2>/dev/null | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p' | b64)"
}

# matches PATTERN: the paths that match it, one per line.
matches() (
  IFS=
  set +f
  for match in $1; do
    if [ -e "$match" ] || [ -L "$match" ]; then printf '%s\n' "$match"; fi
  done
)

# globs PATHS, one per line: reports the matches of each pattern among them; also sets globbed, the paths and all matches.
globs() {
  globbed=''
  while IFS= read -r pattern; do
    globbed="$globbed$pattern
"
    case $pattern in
      *[*?[]*)
        found=$(matches "$pattern")
        echo "glob $(b64_of "$pattern") $(b64_of "$found")."
        globbed="$globbed$found
"
        ;;
    esac
  done <<PATHS
$1
PATHS
}

# Reports OpenRC scripts by unit name, in the format of `systemctl show`.
openrc_services() { # NAMES
  for one in $1; do
    for service in /etc/init.d/${one%.service}; do
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
  for dir in /proc/[0-9]*; do
    [ "${name#supervise-}" != "$name" ] || break
    state=''
    { read -r state <"$dir/stat"; } 2>/dev/null || continue
    parent=${state##*) } && parent=${parent#* } && parent=${parent%% *}
    [ "$parent" = "$1" ] && set -- "${dir#/proc/}" && break
  done
  of_root "$1" || set -- 0
  echo "$1"
}

# Prints the journal lines in which units report how they started their kubelet, since the unit's last start. Only the first such line
# counts: later lines may quote text that anyone could have written.
started() { # PATTERNS UNITS, as shown by `systemctl show`
  printf '%s\n\n' "$2" | awk -F= '
    $1 == "Id" { unit = $2 }
    $1 == "InvocationID" { invocation = $2 }
    $1 == "MainPID" { pid = $2 }
    $0 == "" {
      if (pid > 0 && invocation ~ /^[0-9a-f]+$/) print unit, invocation
      unit = invocation = ""
      pid = 0
    }' | while read -r unit invocation; do
    like "$unit" "$1" || continue
    line=$(timeout 5 journalctl --no-pager -q -o cat "_SYSTEMD_UNIT=$unit" "_SYSTEMD_INVOCATION_ID=$invocation" </dev/null 2>/dev/null |
      LC_ALL=C sed -n '/^time="[^"]*" level=info msg="Running kubelet --/{p;q;}' | head -c 16384)
    echo "started $(b64_of "$unit") $(b64_of "$line")."
  done
}
