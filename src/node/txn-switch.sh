# The switch: units that put a change back when nobody confirms it, in this boot or the next one.
# One of the parts of the program in txn.sh; ROOT is the folder of all changes, TXN that of this one, ID its name.

UNITS=${KUBELATCH_UNITS:-/etc/systemd/system}
WANTED=$UNITS/multi-user.target.wants

ask_systemd() { timeout 30 systemctl "$@" </dev/null 8<&- 9<&-; }

write_boot_unit() {
  folders='' path=''
  while read -r _ _ coded _; do
    path_of "$coded"
    folder=${path%/*}
    # systemd does not follow links to where they are mounted.
    for place in "$folder" "$(readlink -f -- "$folder")" "$(readlink -f -- "$TXN")"; do
      case $place in
        '' | *[!A-Za-z0-9/._@+-]*) ;;
        *) case " $folders $TXN " in *" $place "*) ;; *) folders="$folders $place" ;; esac ;;
      esac
    done
  done <"$TXN/files"
  cat >"$UNITS/kubelatch-boot.service" <<UNIT
[Unit]
Description=kubelatch: puts back change $ID, which was not confirmed before the machine stopped
RequiresMountsFor=$TXN$folders
Before=$(line_of "$TXN/unit")

[Service]
Type=oneshot
ExecStart=/bin/sh $TXN/txn.sh boot $ID
TimeoutStartSec=180
UNIT
}

write_timer_units() { # SECONDS
  cat >"$UNITS/kubelatch-switch.service" <<UNIT && cat >"$UNITS/kubelatch-switch.timer" <<UNIT
[Unit]
Description=kubelatch: puts back change $ID unless it is confirmed in time
StartLimitIntervalSec=0
IgnoreOnIsolate=yes

[Service]
ExecStart=/bin/sh $TXN/txn.sh expire $ID
Restart=on-failure
RestartForceExitStatus=SIGHUP SIGINT SIGPIPE SIGTERM
RestartSec=2
OOMScoreAdjust=-900
UNIT
[Unit]
Description=kubelatch: acts on change $ID should its service have ended
IgnoreOnIsolate=yes

[Timer]
OnActiveSec=${1}s
AccuracySec=100ms
UNIT
}

# A timer for this boot and a unit for the next one. SECONDS
start_switch() (
  umask 022
  # The unit for the next start first: cut off anywhere, it takes away what there is.
  put_line "$(boot_mark)" "$TXN/boot" && put_line "$(($(now) + $1))" "$TXN/deadline" && write_boot_unit &&
    { [ -d "$WANTED" ] || mkdir "$WANTED"; } && ln -sf ../kubelatch-boot.service "$WANTED/kubelatch-boot.service" &&
    write_timer_units "$1" && flush "$UNITS"/kubelatch-* "$UNITS" "$WANTED" "$TXN/boot" "$TXN/deadline" "$TXN" &&
    # What still runs from an earlier change would keep its time, or keep the service from being started.
    ask_systemd daemon-reload && ask_systemd stop kubelatch-switch.service && ask_systemd restart kubelatch-switch.timer &&
    # Each daemon-reload begins the time of such a timer anew, whoever asks for it. The service waits on its own; the timer is there
    # should the service be ended.
    ask_systemd start kubelatch-switch.service
)

seconds_of() { # WORDS as systemd prints a time span
  total=0
  for word in $1; do
    count=${word%%[!0-9]*}
    case ${count:-none}:${word#"$count"} in
      none:*) return 1 ;;
      *:y) total=$((total + count * 31557600)) ;;
      *:month) total=$((total + count * 2629800)) ;;
      *:w) total=$((total + count * 604800)) ;;
      *:d) total=$((total + count * 86400)) ;;
      *:h) total=$((total + count * 3600)) ;;
      *:min) total=$((total + count * 60)) ;;
      *:ms | *:us | *:.*ms | *:.*us) ;;
      *:s | *:.*s) total=$((total + count)) ;;
      *) return 1 ;;
    esac
  done
  printf '%s\n' "$total"
}

# Seconds from the timer's start until it fires, in systemd's own words; nothing where it does not run.
fires_after() {
  active='' began='' fires=''
  while IFS='=' read -r key value; do
    case $key in
      ActiveState) active=$value ;;
      ActiveEnterTimestampMonotonic) began=$value ;;
      NextElapseUSecMonotonic) fires=$value ;;
    esac
  done <<SHOWN
$(ask_systemd show -p ActiveState,ActiveEnterTimestampMonotonic,NextElapseUSecMonotonic kubelatch-switch.timer)
SHOWN
  case $active:$began in
    active:*[!0-9]* | active:) return 1 ;;
    active:*) ;;
    *) return 1 ;;
  esac
  fires=$(seconds_of "$fires") && [ "$fires" -gt 0 ] && printf '%s\n' "$((fires - began / 1000000))"
}

switch_lives() {
  ask_systemd is-active --quiet kubelatch-switch.timer || ask_systemd is-active --quiet kubelatch-switch.service
}

of_others() { # are the units those of another change that is not finished?
  named=$(sed -n 's/^ExecStart=.* //p' "$UNITS/kubelatch-boot.service" 2>/dev/null)
  [ -n "$named" ] && [ "$named" != "$ID" ] && is_pending "$(state_of "$ROOT/$named")"
}

# Takes the switch away, unless it is that of another change. $1 self: called from one of its own units, which must not be stopped
# under itself.
stop_switch() {
  ! of_others || return 0
  found=
  for unit in "$UNITS"/kubelatch-* "$WANTED"/kubelatch-*; do
    if [ -e "$unit" ] || [ -L "$unit" ]; then found=yes; fi
  done
  [ -n "$found" ] || return 0
  stop_timer "${1:-}"
  rm -f "$UNITS/kubelatch-boot.service" "$WANTED/kubelatch-boot.service"
  flush "$UNITS" "$WANTED"
  ask_systemd daemon-reload
}

stop_timer() { # [self]
  ask_systemd stop kubelatch-switch.timer 2>/dev/null
  [ "$1" = self ] || ask_systemd stop kubelatch-switch.service 2>/dev/null
  rm -f "$UNITS/kubelatch-switch.timer" "$UNITS/kubelatch-switch.service"
}

waits() { # it is being armed, or armed and undecided
  [ -e "$TXN/undecided" ] || return 1
  state=$(state_of "$TXN")
  [ "$state" = prepared ] || is_pending "$state"
}

# Called by the service of the switch.
expire() {
  while waits; do
    left=$(($(number_of "$TXN/deadline") - $(now)))
    [ "$left" -gt 0 ] || break
    # Short, for sleep stands still while the machine is suspended.
    sleep $((left < 5 ? left : 5))
  done
  settle 5 prove 'its own switch: nobody confirmed the change in time'
}

# Called by the unit that runs before the kubelet when the machine starts.
boot() {
  # Started by hand. (Some restarts of a system keep its boot id and its first process, but no timer survives them.)
  if this_boot "$TXN" && switch_lives; then return 0; fi
  settle 3 boot 'the start of the machine: it went down before the change was confirmed'
}

# ATTEMPTS HOW BY. What keeps a change from being put back is told to the next audit.
settle() {
  attempt=1
  while :; do
    said=$(undo "$2" "$3" self | tail -n 1)
    word=${said#result }
    word=${word%% *}
    text=$(printf '%s' "${said##* }" | base64 -d 2>/dev/null)
    echo "change $ID: ${word:-ended without a word} $text"
    case $word in
      reverted | nothing | state) return 0 ;;
      busy) continue ;; # it has waited for its turn already, and waits on
      conflict) attempt=$1 ;;
    esac
    if [ "$attempt" -ge "$1" ]; then
      lock || ! is_busy "$?" || continue
      break
    fi
    sleep $((attempt * 2))
    attempt=$((attempt + 1))
  done
  echo "change $ID: given up"
  # A full disk may have room for a line without the new files, which nobody needs any more.
  replace_line "${word:-error} $text" "$TXN/stuck" 2>/dev/null || { rm -rf "$TXN/new" && replace_line "${word:-error} $text" "$TXN/stuck"; }
  # Nothing but a person helps against an edit by somebody else; against all the rest, the next start may.
  if [ "$word" = conflict ]; then
    stop_switch self
  elif ! of_others; then
    stop_timer self
    ask_systemd daemon-reload
  fi
  return 0
}
