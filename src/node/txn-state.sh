# Where a change stands: its state, the boot it belongs to, who holds the node, and the locks.
# One of the parts of the program in txn.sh; ROOT is the folder of all changes, TXN that of this one, ID its name.

set_state() {
  replace_line "$1" "$TXN/state"
}

state_of() { # DIR; once decided, a disk too full to say so does not make it undone
  state=$(line_of "$1/state")
  # What cannot be read is not taken for nothing: the old files may lie here alone.
  if [ -z "$state" ] && [ -e "$1/state" ]; then state=unreadable; fi
  case $state in
    applied | writing)
      if [ -e "$1/decided-confirm" ]; then
        state=confirmed
      elif [ -e "$1/decided-revert" ]; then
        state=reverting
      fi
      ;;
  esac
  printf '%s\n' "${state:-none}"
}

is_pending() { # STATE
  case $1 in
    armed | writing | applied | reverting | unreadable) return 0 ;;
  esac
  return 1
}

set_verdict() { # WHO AND HOW: the first line that a person asks for, so a full disk must not end anything
  replace_line "$1 ($(date -u '+%Y-%m-%d %H:%M:%SZ') on the node's clock)" "$TXN/verdict" 2>/dev/null || true
}

# Seconds since the kernel started: the only clock that is compared with itself alone.
now() {
  read -r up _ </proc/uptime
  printf '%s\n' "${up%%.*}"
}

number_of() { # FILE: the number in it; 0 where there is none, since a shell may end at arithmetic with anything else
  number=$(line_of "$1")
  case $number in
    '' | *[!0-9]*) number=0 ;;
  esac
  printf '%s\n' "$number"
}

# As the node itself counts its changes: names have the times of whoever gave them, and clocks differ.
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

is_volatile() { # DIR: what lies in it is gone with the power
  [ "${KUBELATCH_VOLATILE:-}" != ok ] || return 1
  for place in "$1" "$(upper_of "$1")"; do
    [ -z "$place" ] || case $(stat -f -c %T -- "$place" 2>/dev/null) in
      tmpfs | ramfs) return 0 ;;
    esac
  done
  return 1
}

upper_of() { # DIR: where an overlay keeps what is written in it; nothing where there is none
  best=/ upper=''
  while read -r _ _ _ _ at rest; do
    case ${1%/}/ in
      "${at%/}"/*) [ "${#at}" -ge "${#best}" ] || continue ;;
      *) continue ;;
    esac
    best=$at upper=''
    case $rest in
      *' - overlay '*upperdir=*)
        upper=${rest##*upperdir=}
        upper=${upper%%[, ]*}
        ;;
    esac
  done <"${KUBELATCH_MOUNTS:-/proc/self/mountinfo}"
  printf '%s\n' "$upper"
}

# What tells this boot from another: containers share the kernel's boot id, so the start of their first process is part of it.
boot_mark() {
  printf '%s:%s\n' "$(cat /proc/sys/kernel/random/boot_id)" "$(sed 's/.*) //' /proc/1/stat | cut -d ' ' -f 20)"
}

this_boot() { # DIR
  [ "$(line_of "$1/boot")" = "$(boot_mark)" ]
}

same_boot_only() { # what a controller began before the machine went down is put back, not gone on with
  this_boot "$TXN" || answer state 'the machine was started since'
}

seconds_left() { # DIR: until its switch acts; - where it has none
  end=$(number_of "$1/deadline")
  if [ "$end" -gt 0 ] && is_pending "$(state_of "$1")" && this_boot "$1" && [ ! -e "$1/stuck" ]; then
    printf '%s\n' "$((end - $(now)))"
  else
    echo -
  fi
}

# Until this shell ends or unlocks: nothing else changes states below ROOT. The kernel frees it with its process.
lock() {
  { [ -e "$ROOT/lock" ] || true >>"$ROOT/lock"; } 2>/dev/null && exec 9<"$ROOT/lock" && wait_for 9 20 &&
    # An uninstall takes the file away: who waited for it meanwhile holds nothing.
    [ "$(stat -L -c %d:%i /proc/self/fd/9)" = "$(stat -c %d:%i -- "$ROOT/lock")" ]
}

unlock() { exec 9<&-; }

take_lock() { lock || answer error "another kubelatch is at work on this node and does not end, or flock is missing"; }

# Until this shell ends: nobody else puts this change back.
lock_revert() {
  { [ -e "$TXN/revert.lock" ] || true >>"$TXN/revert.lock"; } 2>/dev/null && exec 8<"$TXN/revert.lock" && wait_for 8 300
}

is_busy() { # STATUS of a lock: somebody holds it
  [ "$1" -eq 75 ]
}

wait_for() { # DESCRIPTOR SECONDS: not every flock waits a limited time by itself
  command -v flock >/dev/null || return 1
  waited=0
  until flock -n "$1"; do
    [ "$waited" -lt "$2" ] || return 75
    sleep 1
    waited=$((waited + 1))
  done
}

of_change() { # DIR FUNCTION: called for another change
  own=$TXN own_id=$ID
  TXN=$1 ID=${1##*/}
  "$2" || true
  TXN=$own ID=$own_id
}

# The change besides this one that holds the node: `ID STATE AGE LEFT OWNER`, seconds or -. What was prepared and left is taken away.
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

withdraw() { # [self]: a change of which nothing was written
  # Cut off from here on, it holds nobody: what has no state is taken away by the next one.
  rm -f "$TXN/state"
  stop_switch "${1:-}"
  discard
}
