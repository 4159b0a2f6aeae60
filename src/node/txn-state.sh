# The status of a change: its state, the boot it belongs to, which change holds the node, and the locks.
# Part of the program in txn.sh. ROOT is the folder of all changes, TXN that of this one, ID its name.

set_state() {
  replace_line "$1" "$TXN/state"
}

is_pending() { # STATE
  case $1 in
    armed | writing | applied | reverting | unreadable) return 0 ;;
  esac
  return 1
}

# ENDER(run|node) WHO AND HOW: line 1 is for people, so failing to write it on a full disk must not stop anything; line 2 is ENDER.
set_verdict() {
  how_ended=$(printf '%s\n' "$2" | head -n 1)
  replace_line "$how_ended ($(date -u '+%Y-%m-%d %H:%M:%SZ') on the node's clock)
$1" "$TXN/verdict" 2>/dev/null || true
}

number_of() { # FILE: the number in it; 0 if there is none, because a shell may exit when it calculates with anything else
  number=$(line_of "$1")
  case $number in
    '' | *[!0-9]*) number=0 ;;
  esac
  printf '%s\n' "$number"
}

# Orders changes by the node's own counter: names contain the time of the machine that chose them, and clocks differ.
next_order() {
  most=0
  for dir in "$ROOT"/*/; do
    order=$(number_of "$dir/order")
    [ "$order" -le "$most" ] || most=$order
  done
  printf '%s\n' $((most + 1))
}

newest_first() { # the names of all changes
  for dir in "$ROOT"/*/; do
    dir=${dir%/}
    [ ! -d "$dir" ] || printf '%s %s\n' "$(number_of "$dir/order")" "${dir##*/}"
  done | sort -k 1,1nr -k 2,2r | cut -d ' ' -f 2
}

is_volatile() { # DIR: its content is lost on power failure
  for place in "$1" "$(upper_of "$1")"; do
    [ -n "$place" ] || continue
    case " $VOLATILE " in
      *" $(stat -f -c %T -- "$place" 2>/dev/null) "*) return 0 ;;
    esac
  done
  return 1
}

mount_of() { # DIR: the line of the kernel's mount table for it
  best=/ found=''
  while read -r id up device top at rest; do
    case ${1%/}/ in
      "${at%/}"/*) [ "${#at}" -ge "${#best}" ] || continue ;;
      *) continue ;;
    esac
    best=$at found="$id $up $device $top $at $rest"
  done <"$MOUNTS"
  printf '%s\n' "$found"
}

upper_of() { # DIR: the folder where an overlay stores writes; nothing if it is not an overlay
  upper=$(mount_of "$1")
  case $upper in
    *' - overlay '*upperdir=*) upper=${upper##*upperdir=} && printf '%s\n' "${upper%%[, ]*}" ;;
  esac
}

this_boot() { # DIR
  [ "$(line_of "$1/boot")" = "$(boot_mark)" ]
}

same_boot_only() { # a change that began before a reboot is reverted, not continued
  this_boot "$TXN" || answer state 'the machine was rebooted since'
}

seconds_left() { # DIR: seconds until its timer acts; - if it has none
  end=$(number_of "$1/deadline")
  if [ "$end" -gt 0 ] && is_pending "$(state_of "$1")" && this_boot "$1" && [ ! -e "$1/stuck" ]; then
    printf '%s\n' "$((end - $(now)))"
  else
    echo -
  fi
}

# Until this shell exits or unlocks, no other process changes states below ROOT. The kernel frees the lock with its process.
lock() {
  { [ -e "$ROOT/lock" ] || true >>"$ROOT/lock"; } 2>/dev/null && exec 9<"$ROOT/lock" && wait_for 9 20 &&
    # An uninstall deletes the lock file: whoever waited for the deleted file holds no lock.
    [ "$(stat -L -c %d:%i /proc/self/fd/9)" = "$(stat -c %d:%i -- "$ROOT/lock")" ]
}

unlock() { exec 9<&-; }

take_lock() { lock || answer error "another kubelatch is still running on this node, or flock is missing"; }

# Until this shell exits, no other process reverts this change.
lock_revert() {
  { [ -e "$TXN/revert.lock" ] || true >>"$TXN/revert.lock"; } 2>/dev/null && exec 8<"$TXN/revert.lock" && wait_for 8 300
}

is_busy() { # STATUS of a lock: another process holds it
  [ "$1" -eq 75 ]
}

wait_for() { # DESCRIPTOR SECONDS: not every flock supports a timeout
  command -v flock >/dev/null || return 1
  waited=0
  until flock -n "$1"; do
    [ "$waited" -lt "$2" ] || return 75
    sleep 1
    waited=$((waited + 1))
  done
}

of_change() { # DIR FUNCTION: calls FUNCTION for another change
  own=$TXN own_id=$ID
  TXN=$1 ID=${1##*/}
  "$2" || true
  TXN=$own ID=$own_id
}

# The other change that holds the node: `ID STATE AGE LEFT OWNER`, seconds or -. A change that was prepared and abandoned is removed.
holder() {
  for dir in "$ROOT"/*/; do
    dir=${dir%/}
    if [ "$dir" = "$TXN" ] || [ ! -d "$dir" ]; then continue; fi
    state=$(state_of "$dir")
    age=-
    if [ -s "$dir/began" ] && this_boot "$dir"; then age=$(($(now) - $(number_of "$dir/began"))); fi
    if [ "$state" = prepared ] || [ "$state" = none ]; then
      if [ "$age" = - ] || [ "$age" -ge "$(number_of "$dir/hold")" ]; then
        of_change "$dir" withdraw
        continue
      fi
    elif ! is_pending "$state"; then
      continue
    fi
    printf '%s %s %s %s %s\n' "${dir##*/}" "$state" "$age" "$(seconds_left "$dir")" "$(line_of "$dir/owner")"
    return 0
  done
  return 1
}

withdraw() { # [self]: removes a change that has written nothing
  # If this is interrupted here, the change no longer holds the node: the next one removes a change without a state.
  rm -f "$TXN/state"
  stop_switch "${1:-}"
  discard
}
