# The dead-man's switch: units that revert a change if nobody confirms it, in this boot or the next one.
# Part of the program in txn.sh. ROOT is the folder of all changes, TXN that of this one, ID its name.

WANTED=$UNITS/multi-user.target.wants

ask_systemd() { timeout 30 systemctl "$@" </dev/null 8<&- 9<&-; }

write_boot_unit() {
  folders='' path=''
  while read -r _ _ coded _; do
    path_of "$coded"
    folder=${path%/*}
    # systemd does not follow links to find mounts.
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

# Arms a timer for this boot and a unit for the next one. SECONDS
start_switch() (
  umask 022
  # Write the unit for the next boot first: after an interruption at any later point it removes what was written.
  put_line "$(boot_mark)" "$TXN/boot" && put_line "$(($(now) + $1))" "$TXN/deadline" && write_boot_unit &&
    { [ -d "$WANTED" ] || mkdir "$WANTED"; } && ln -sf ../kubelatch-boot.service "$WANTED/kubelatch-boot.service" &&
    write_timer_units "$1" && flush "$UNITS"/kubelatch-* "$UNITS" "$WANTED" "$TXN/boot" "$TXN/deadline" "$TXN" &&
    # A timer or service of an earlier change would keep its old deadline or block the new service.
    ask_systemd daemon-reload && ask_systemd stop kubelatch-switch.service && ask_systemd restart kubelatch-switch.timer &&
    # Every daemon-reload restarts such a timer from zero. The service waits on its own; the timer is there in case somebody stops
    # the service.
    ask_systemd start kubelatch-switch.service
)

seconds_of() { # WORDS: a time span as systemd prints it
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

# Seconds from the timer's start until it fires, according to systemd; nothing if it is not running.
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

of_others() { # do the units belong to another change that is not finished?
  named=$(sed -n 's/^ExecStart=.* //p' "$UNITS/kubelatch-boot.service" 2>/dev/null)
  [ -n "$named" ] && [ "$named" != "$ID" ] && is_pending "$(state_of "$ROOT/$named")"
}

# Removes the switch unless it belongs to another change. $1 self: called from one of its own units, which must not be stopped
# while it runs.
stop_switch() {
  # What ended the change may not be on the disk yet, if its process was killed. After a power cut, an open change without a switch
  # would hold the node for good.
  flush "$TXN"
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

# Runs as the service of the switch.
expire() {
  while waits; do
    left=$(($(number_of "$TXN/deadline") - $(now)))
    [ "$left" -gt 0 ] || break
    # Sleep in short steps, because sleep pauses while the machine is suspended.
    sleep $((left < 5 ? left : 5))
  done
  settle 5 prove 'the node itself, because nobody confirmed the change in time'
}

# Runs from the unit that is ordered before the kubelet at boot.
boot() {
  # It was started by hand. (Some reboots keep the boot id and the first process, but no timer survives them.)
  if this_boot "$TXN" && switch_lives; then return 0; fi
  settle 3 boot 'the node itself at boot, because the machine went down before the change was confirmed'
}

# ATTEMPTS HOW BY. Records why a change could not be reverted, for the next audit.
settle() {
  attempt=1
  while :; do
    said=$(undo "$2" "$3" self | tail -n 1)
    word=${said#result }
    word=${word%% *}
    text=${said#result "$word"} text=${text# }
    text=$(printf '%s' "${text%% *}" | base64 -d 2>/dev/null)
    echo "change $ID: ${word:-ended without an answer} $text"
    case $word in
      reverted | nothing | state) return 0 ;;
      busy) continue ;; # it has already waited for its turn, and waits again
      conflict) attempt=$1 ;;
    esac
    if [ "$attempt" -ge "$1" ]; then
      lock || ! is_busy "$?" || continue
      break
    fi
    sleep $((attempt * 2))
    attempt=$((attempt + 1))
  done
  echo "change $ID: gave up reverting"
  # A full disk may have room for this line without the new files, which are no longer needed.
  replace_line "${word:-error} $text" "$TXN/stuck" 2>/dev/null || { rm -rf "$TXN/new" && replace_line "${word:-error} $text" "$TXN/stuck"; }
  # After an edit by somebody else, only a person can help. In all other cases the next boot may succeed.
  if [ "$word" = conflict ]; then
    stop_switch self
  elif ! of_others; then
    stop_timer self
    ask_systemd daemon-reload
  fi
  return 0
}
