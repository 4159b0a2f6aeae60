# Units for the probe: what systemd or OpenRC runs, and what a unit said that it started a kubelet with.

# like TEXT PATTERNS: TEXT is one of them; a pattern has one star at most.
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
  properties=Id,LoadState,ActiveState,SubState,UnitFileState,FragmentPath,DropInPaths,EnvironmentFiles,MainPID,NRestarts,Type,RestartUSec,NeedDaemonReload,KillMode,InvocationID
  names=$1
  set --
  set -f # names may be patterns, which are systemd's to read
  for unit in $names; do set -- "$@" "$unit"; done
  set +f
  systemctl show --no-pager -p "$properties" -- "$@" 2>/dev/null
}

# The scripts of OpenRC by the names of units, in the words of `systemctl show`.
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

# main_of PID: itself, or the child of a supervise-daemon, which writes its own number down; 0 where there is none.
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
  echo "$1"
}

# What the journal of units says that they started their kubelet with, in this run of theirs. It is the first such line that counts:
# it comes early, and what comes later may quote what anybody wrote.
started() { # PATTERNS UNITS, as `systemctl show` tells them
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
