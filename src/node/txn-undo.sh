# Reverts a change for the controller, the switch or at boot, and restarts the kubelet.
# Part of the program in txn.sh. ROOT is the folder of all changes, TXN that of this one, ID its name.

reload_units() { [ "$(line_of "$TXN/reload")" = no ] || ask_systemd daemon-reload; }

restart_units() {
  # Without a reload, systemd would ignore the added or removed files.
  reload_units || return 1
  [ "$(line_of "$TXN/restart")" = yes ] || return 0
  restart_unit "$(line_of "$TXN/unit")"
}

restart_unit() { # UNIT; its exit status proves nothing for simple units, so the gate checks the result
  # systemd does not start a unit that failed too often until it is reset.
  systemctl reset-failed -- "$1" </dev/null 2>/dev/null || true
  timeout "$(line_of "$TXN/patience")" systemctl restart -- "$1" </dev/null 8<&- 9<&-
}

# A service may take minutes to start, and another restart would begin from zero.
restart_old() {
  unit=$(line_of "$TXN/unit")
  if [ -e "$TXN/restarting" ] && this_boot "$TXN" && starts_anew "$unit"; then return 0; fi
  reload_units || return 1
  [ "$(line_of "$TXN/restart")" = yes ] || return 0
  put_line "$(invocation_of "$unit")" "$TXN/restarting" 2>/dev/null
  restart_unit "$unit"
  status=$?
  case $status in
    124 | 143) starts_anew "$unit" ;; # systemd continues with the restart
    *) return "$status" ;;
  esac
}

# It is starting, and began after the restart was requested. An earlier start would use the new files.
starts_anew() { # UNIT
  is_starting "$1" && [ "$(invocation_of "$1")" != "$(line_of "$TXN/restarting")" ]
}

invocation_of() { # UNIT
  ask_systemd show -p InvocationID --value -- "$1" 2>/dev/null
}

is_starting() { # UNIT: it is starting now, not waiting for its next try
  case $(ask_systemd show -p ActiveState,SubState -- "$1" 2>/dev/null | sort | tr '\n' ' ') in
    'ActiveState=activating '*SubState=start*) return 0 ;;
  esac
  return 1
}

renew() { # HOW
  unload_filter || return 1
  case $1 in
    prove | restart) restart_old ;;
    boot)
      reload_units || return 1
      [ "$(line_of "$TXN/restart")" = yes ] || return 0
      # At boot the unit waits for this one to end. Only a unit that already runs, against the boot order, needs a restart.
      ask_systemd --no-block try-restart -- "$(line_of "$TXN/unit")"
      ;;
    *) reload_units ;;
  esac
}

# The kubelet's unit loads the packet filter, but nothing of it is left that could unload the table of a file that is gone.
unload_filter() {
  if [ -e "$FILTER" ] || each_file is_no_filter; then return 0; fi
  ! timeout 20 "$NFT" list table inet kubelatch >/dev/null 2>&1 || timeout 20 "$NFT" delete table inet kubelatch
}

is_no_filter() { [ "$3" != "$FILTER" ]; }

# The start of the unit and the process of its kubelet, which some units start again by themselves; nothing if systemd does not tell.
kubelet_now() {
  unit=$(line_of "$TXN/unit") name=$(line_of "$TXN/child") pid=''
  start=$(invocation_of "$unit")
  [ -n "$start" ] || return 0
  has_process "$unit" "$name" || pid=''
  printf '%s %s\n' "$start" "${pid%/comm}"
}

is_same_kubelet() { # WHAT kubelet_now SAID: it is known, and nothing started since
  [ -n "$1" ] && [ "$(kubelet_now)" = "$1" ]
}

# The unit stays active with the same main process for several checks in a row, and the expected process exists.
runs_again() {
  unit=$(line_of "$TXN/unit") name=$(line_of "$TXN/child")
  last='' same=0 looks=0 most=40
  while [ "$looks" -lt "$most" ]; do
    seen=$(ask_systemd show -p ActiveState,MainPID,SubState -- "$unit" 2>/dev/null | sort | tr '\n' ' ')
    if [ "$seen" = "$last" ] && has_process "$unit" "$name"; then same=$((same + 1)); else same=0; fi
    last=$seen
    case $seen in
      'ActiveState=active MainPID='[1-9]*) [ "$same" -lt 3 ] || return 0 ;;
      'ActiveState=activating '*SubState=start*) most=$((looks + 40 < 900 ? looks + 40 : 900)) ;;
    esac
    sleep 1
    looks=$((looks + 1))
  done
  return 1
}

has_process() { # UNIT NAME: a process of the unit has that name; for -, the main process is enough
  [ "$2" != - ] || return 0
  main_and_group "$1"
  for comm in /proc/[0-9]*/comm; do
    comm_name=''
    { read -r comm_name <"$comm"; } 2>/dev/null
    [ "$comm_name" = "$2" ] || continue
    pid=${comm#/proc/}
    # shellcheck disable=SC2154 # main_and_group sets them
    ! belongs "${pid%/comm}" "$main_pid" "$group" || return 0
  done
  return 1
}

# HOW BY [self]: prove restarts and waits until the kubelet runs, restart only restarts, boot and files-only leave that to others. self:
# the node itself reverts, so a change that the controller confirmed stays.
undo() {
  how=$1 by=$2 self=${3:-} ender=run
  [ -z "$self" ] || ender=node
  lock_revert || no_turn "$?" "$self" 'another process is still reverting this change'
  take_turn "$self"
  # A process that was killed may have left its state unflushed. After a power cut, files that were restored by that state would belong
  # to the state before it.
  flush "$TXN"
  case $(state_of "$TXN") in
    none | prepared)
      withdraw "$self"
      [ ! -d "$TXN" ] || answer error "cannot remove $TXN"
      answer nothing
      ;;
    armed) # kept, to show later that nothing was written
      each_file drop_staged
      remove_folders
      set_verdict "$ender" "ended by $by, before anything was written"
      set_state reverted 2>/dev/null || withdraw "$self"
      [ ! -d "$TXN" ] || [ "$(state_of "$TXN")" = reverted ] || answer error "cannot write below $ROOT"
      stop_switch "$self"
      answer nothing
      ;;
    writing | applied) # the process that renames this file decides; renaming needs no space
      trouble=$(mv "$TXN/undecided" "$TXN/decided-revert" 2>&1) || [ ! -e "$TXN/undecided" ] ||
        answer error "cannot write below $ROOT: $trouble"
      flush "$TXN"
      set_state reverting 2>/dev/null || true
      ;;
    confirmed)
      if [ -n "$self" ]; then
        finish_confirm self
        answer state confirmed
      fi
      take_back
      ;;
    reverting) ;;
    reverted)
      stop_switch "$self"
      answer reverted already
      ;;
    unreadable) answer error "$TXN/state cannot be read" ;;
    *) answer state "$(state_of "$TXN")" ;;
  esac
  trouble=$(each_file reachable) || answer error "$trouble"
  all_ours
  trouble=$(each_file put_old 2>&1) || answer broken "$trouble"
  remove_folders
  trouble=$(each_file is_old 2>&1) || answer broken "$trouble"
  unlock
  said=$(renew "$how" 2>&1) || answer restart-failed "$said"
  if [ "$how" = prove ] && [ "$(line_of "$TXN/restart")" = yes ]; then
    runs_again || answer restart-failed "$(line_of "$TXN/unit") does not stay up with its old files"
  fi
  take_turn "$self"
  set_verdict "$ender" "reverted by $by"
  rm -f "$TXN/stuck"
  set_reverted
  stop_switch "$self"
  answer reverted
}

take_turn() { # [self]
  lock || no_turn "$?" "$1" 'another kubelatch is still running on this node, or flock is missing'
}

# The holder of a lock is alive and will free it, so the switch keeps waiting.
no_turn() { # STATUS [self] WHY
  if is_busy "$1" && [ -n "$2" ]; then answer busy "$3"; fi
  answer error "$3"
}

all_ours() { # a file that could not be checked does not count as edited
  conflict=$(each_file ours 2>/dev/null) && return
  [ "$?" -ne 3 ] || answer conflict "$conflict"
  answer error 'the files of the change cannot be compared with their old state'
}

take_back() { # reverts a confirmed change, which the node itself must then be able to complete
  if other=$(holder); then answer pending "$other"; fi
  trouble=$(each_file reachable) || answer error "$trouble"
  all_ours
  trouble=$(each_file rehearsed) || answer error "the old files cannot be staged: $trouble"
  # If this is interrupted before the revert begins, the switch removes the staged files.
  trouble=$(start_switch 240 2>&1) || not_taken_back "the revert timer cannot be armed: $trouble"
  # All or nothing: everything that could fail happens before anything is changed.
  trouble=$(each_file relink 2>&1) || not_taken_back "the old files cannot be staged: ${trouble:-a copy differs}"
  trouble=$(set_state reverting 2>&1) || not_taken_back "cannot write below $ROOT: $trouble"
}

not_taken_back() { # WHY: the change stays confirmed
  each_file drop_staged
  stop_switch
  answer error "$1"
}

set_reverted() { # if the disk is too full to record the state, remove the change: everything is already as it was
  set_state reverted 2>/dev/null || { rm -rf "$TXN/new" "$TXN/old" && set_state reverted 2>/dev/null; } || rm -rf "$TXN"
}
