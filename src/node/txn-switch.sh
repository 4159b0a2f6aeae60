# The switch: units that put a change back when nobody confirms it, in this boot or the next one; and the locks.
# One of the parts of the program in txn.sh; ROOT is the folder of all changes, TXN that of this one, ID its name.

UNITS=${KUBELATCH_UNITS:-/etc/systemd/system}
WANTED=$UNITS/multi-user.target.wants

# Seconds since the kernel started: the only clock that is compared with itself alone.
now() {
  read -r up _ </proc/uptime
  printf '%s\n' "${up%%.*}"
}

# What tells this boot from another: containers share the kernel's boot id, so the start of their first process is part of it.
boot_mark() {
  printf '%s:%s\n' "$(cat /proc/sys/kernel/random/boot_id)" "$(sed 's/.*) //' /proc/1/stat | cut -d ' ' -f 20)"
}
this_boot() { # DIR
  [ "$(line_of "$1/boot")" = "$(boot_mark)" ]
}

# Until this shell ends or unlocks: nothing else changes states below ROOT. The kernel frees it with its process.
lock() {
  { [ -e "$ROOT/lock" ] || true >>"$ROOT/lock"; } 2>/dev/null && exec 9<"$ROOT/lock" && wait_for 9 20
}
unlock() { exec 9<&-; }
# Until this shell ends: nobody else puts this change back.
lock_revert() {
  { [ -e "$TXN/revert.lock" ] || true >>"$TXN/revert.lock"; } 2>/dev/null && exec 8<"$TXN/revert.lock" && wait_for 8 300
}
wait_for() { # DESCRIPTOR SECONDS: not every flock waits a limited time by itself
  waited=0
  until flock -n "$1"; do
    [ "$waited" -lt "$2" ] || return 1
    sleep 1
    waited=$((waited + 1))
  done
}

ask_systemd() { timeout 30 systemctl "$@" </dev/null 8<&- 9<&-; }

write_units() { # SECONDS
  folders=
  while read -r _ _ coded _; do
    folder=$(printf '%s' "$coded" | base64 -d)
    folder=${folder%/*}
    case $folder in
      '' | *[!A-Za-z0-9/._@+-]*) ;;
      *) folders="$folders $folder" ;;
    esac
  done <"$TXN/files"
  cat >"$UNITS/kubelatch-switch.timer" <<UNIT && cat >"$UNITS/kubelatch-switch.service" <<UNIT && cat >"$UNITS/kubelatch-boot.service" <<UNIT
[Unit]
Description=kubelatch: acts on change $ID unless it is confirmed

[Timer]
OnActiveSec=${1}s
AccuracySec=100ms
UNIT
[Unit]
Description=kubelatch: puts back change $ID unless it is confirmed
StartLimitIntervalSec=300
StartLimitBurst=10

[Service]
ExecStart=/bin/sh $TXN/txn.sh expire $ID
Restart=on-failure
RestartSec=1
OOMScoreAdjust=-900
UNIT
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

# A timer for this boot and a unit for the next one. SECONDS
start_switch() {
  boot_mark >"$TXN/boot" && put_line "$(($(now) + $1))" "$TXN/deadline" && { [ -d "$WANTED" ] || mkdir -m 0755 "$WANTED"; } && write_units "$1" &&
    ln -sf ../kubelatch-boot.service "$WANTED/kubelatch-boot.service" &&
    flush "$UNITS"/kubelatch-* "$UNITS" "$WANTED" "$TXN/boot" "$TXN/deadline" "$TXN" &&
    ask_systemd daemon-reload && ask_systemd start kubelatch-switch.timer
}

seconds_of() { # WORDS as systemd prints a time span
  total=0
  for word in $1; do
    count=${word%%[!0-9]*}
    case ${word#"$count"} in
      y) total=$((total + count * 31557600)) ;;
      month) total=$((total + count * 2629800)) ;;
      w) total=$((total + count * 604800)) ;;
      d) total=$((total + count * 86400)) ;;
      h) total=$((total + count * 3600)) ;;
      min) total=$((total + count * 60)) ;;
      s | .*[0-9]s) total=$((total + count)) ;;
      *s) ;; # parts of a second
      *) return 1 ;;
    esac
  done
  printf '%s\n' "$total"
}

# Seconds from the timer's start until it fires, in systemd's own words; nothing where it does not run.
fires_after() {
  state='' began='' fires=''
  while IFS='=' read -r key value; do
    case $key in
      ActiveState) state=$value ;;
      ActiveEnterTimestampMonotonic) began=$value ;;
      NextElapseUSecMonotonic) fires=$value ;;
    esac
  done <<SHOWN
$(ask_systemd show -p ActiveState,ActiveEnterTimestampMonotonic,NextElapseUSecMonotonic kubelatch-switch.timer)
SHOWN
  case $state:$began in
    active:*[!0-9]* | active:) return 1 ;;
    active:*) ;;
    *) return 1 ;;
  esac
  fires=$(seconds_of "$fires") && [ "$fires" -gt 0 ] && printf '%s\n' "$((fires - began / 1000000))"
}

seconds_left() { # DIR: until its switch acts; - where it has none
  end=$(line_of "$1/deadline")
  if [ -n "$end" ] && is_pending "$(state_of "$1")" && this_boot "$1"; then printf '%s\n' "$((end - $(now)))"; else echo -; fi
}

# Takes the switch away. $1 self: called from one of its own units, which must not be stopped under itself
stop_switch() {
  found=
  for unit in "$UNITS/kubelatch-switch.timer" "$UNITS/kubelatch-switch.service" "$UNITS/kubelatch-boot.service" "$WANTED/kubelatch-boot.service"; do
    if [ -e "$unit" ] || [ -L "$unit" ]; then found=yes; fi
  done
  [ -n "$found" ] || return 0
  ask_systemd stop kubelatch-switch.timer 2>/dev/null
  [ "${1:-}" = self ] || ask_systemd stop kubelatch-switch.service 2>/dev/null
  rm -f "$UNITS/kubelatch-switch.timer" "$UNITS/kubelatch-switch.service" "$UNITS/kubelatch-boot.service" "$WANTED/kubelatch-boot.service"
  flush "$UNITS" "$WANTED"
  ask_systemd daemon-reload
}

# The unit is active with the same main process for a few looks in a row, and the process that it is to have is there.
runs_again() {
  unit=$(line_of "$TXN/unit") name=$(line_of "$TXN/child")
  last='' same=0 looks=0
  while [ "$looks" -lt 40 ]; do
    seen=$(ask_systemd show -p ActiveState,MainPID -- "$unit" 2>/dev/null | sort | tr '\n' ' ')
    if [ "$seen" = "$last" ] && has_process "$name"; then same=$((same + 1)); else same=0; fi
    last=$seen
    case $seen in
      'ActiveState=active MainPID='[1-9]*) [ "$same" -lt 3 ] || return 0 ;;
    esac
    sleep 1
    looks=$((looks + 1))
  done
  return 1
}

has_process() { # NAME; - : the unit's own process says it all
  [ "$1" != - ] || return 0
  for comm in /proc/[0-9]*/comm; do
    [ "$(line_of "$comm")" != "$1" ] || return 0
  done
  return 1
}

# Called by the timer's unit. What keeps a change from being put back is told to the next audit.
expire() {
  while [ -e "$TXN/undecided" ] && is_pending "$(state_of "$TXN")"; do
    left=$(($(line_of "$TXN/deadline") - $(now)))
    [ "$left" -gt 0 ] || break
    sleep "$left"
  done
  if ! is_pending "$(state_of "$TXN")"; then
    stop_switch self
    return 0
  fi
  attempt=1
  while :; do
    said=$(undo prove "its own switch: nobody confirmed the change in time" self)
    word=${said#result }
    word=${word%% *}
    echo "change $ID: $word $(printf '%s' "${said##* }" | base64 -d 2>/dev/null)"
    case $word in
      reverted | nothing | state) return 0 ;;
      conflict) break ;;
    esac
    [ "$attempt" -lt 5 ] || break
    sleep $((attempt * 2))
    attempt=$((attempt + 1))
  done
  give_up "$said"
}

# Called by the unit that runs before the kubelet when the machine starts.
boot() {
  # Started by hand, or the machine was not down at all.
  ! this_boot "$TXN" || return 0
  if ! is_pending "$(state_of "$TXN")"; then
    [ "$(state_of "$TXN")" != prepared ] || (lock && discard)
    stop_switch self
    return 0
  fi
  said=$(undo boot "the start of the machine: it went down before the change was confirmed" self)
  word=${said#result }
  echo "change $ID: ${word%% *} $(printf '%s' "${said##* }" | base64 -d 2>/dev/null)"
  case $word in
    reverted* | nothing* | state*) ;;
    *) give_up "$said" ;;
  esac
}

give_up() { # WHAT UNDO SAID
  word=${1#result }
  text="${word%% *} $(printf '%s' "${1##* }" | base64 -d 2>/dev/null)"
  replace_line "$text" "$TXN/stuck" || true
  echo "change $ID: given up: $text"
  stop_switch self
}
