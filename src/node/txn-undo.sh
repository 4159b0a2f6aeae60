# Putting a change back, asked for by the controller, the switch or the start of the machine; and the restart of the kubelet.
# One of the parts of the program in txn.sh; ROOT is the folder of all changes, TXN that of this one, ID its name.

reload_units() { [ "$(line_of "$TXN/reload")" = no ] || ask_systemd daemon-reload; }

restart_units() {
  # Without the files that were put there or taken away, systemd would start what was before.
  reload_units || return 1
  [ "$(line_of "$TXN/restart")" = yes ] || return 0
  restart_unit "$(line_of "$TXN/unit")"
}

restart_unit() { # UNIT; the exit status proves nothing for simple units: the gate does
  # One that died too often is not started again otherwise.
  systemctl reset-failed -- "$1" </dev/null 2>/dev/null || true
  timeout "$(line_of "$TXN/patience")" systemctl restart -- "$1" </dev/null 8<&- 9<&-
}

# A service may take minutes to start; asked again, it would have to begin anew.
restart_old() {
  unit=$(line_of "$TXN/unit")
  if [ -e "$TXN/restarting" ] && this_boot "$TXN" && starts_anew "$unit"; then return 0; fi
  reload_units || return 1
  [ "$(line_of "$TXN/restart")" = yes ] || return 0
  put_line "$(invocation_of "$unit")" "$TXN/restarting" 2>/dev/null
  restart_unit "$unit"
  status=$?
  case $status in
    124 | 143) starts_anew "$unit" ;; # systemd goes on with it
    *) return "$status" ;;
  esac
}

# It is starting, and not since before it was asked to: that would be the start with the new files.
starts_anew() { # UNIT
  is_starting "$1" && [ "$(invocation_of "$1")" != "$(line_of "$TXN/restarting")" ]
}

invocation_of() { # UNIT
  ask_systemd show -p InvocationID --value -- "$1" 2>/dev/null
}

is_starting() { # UNIT: it is at it, and does not wait for its next try
  case $(ask_systemd show -p ActiveState,SubState -- "$1" 2>/dev/null | sort | tr '\n' ' ') in
    'ActiveState=activating '*SubState=start*) return 0 ;;
  esac
  return 1
}

renew() { # HOW
  case $1 in
    prove | restart) restart_old ;;
    boot)
      reload_units || return 1
      [ "$(line_of "$TXN/restart")" = yes ] || return 0
      # It waits for this to end; only one that runs already, past the order of the start, needs it at all.
      ask_systemd --no-block try-restart -- "$(line_of "$TXN/unit")"
      ;;
    *) reload_units ;;
  esac
}

# The unit is active with the same main process for a few looks in a row, and the process that it is to have is there.
runs_again() {
  unit=$(line_of "$TXN/unit") name=$(line_of "$TXN/child")
  last='' same=0 looks=0 most=40
  while [ "$looks" -lt "$most" ]; do
    seen=$(ask_systemd show -p ActiveState,MainPID,SubState -- "$unit" 2>/dev/null | sort | tr '\n' ' ')
    if [ "$seen" = "$last" ] && has_process "$name"; then same=$((same + 1)); else same=0; fi
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

has_process() { # NAME; - : the unit's own process says it all
  [ "$1" != - ] || return 0
  for comm in /proc/[0-9]*/comm; do
    [ "$(line_of "$comm")" != "$1" ] || return 0
  done
  return 1
}

# HOW BY [self]: prove restarts and waits until it runs, restart restarts, boot and files-only leave that to others. With self it is
# the node that asks: what the controller confirmed before stays.
undo() {
  how=$1 by=$2 self=${3:-}
  lock_revert || no_turn "$?" "$self" 'somebody else is putting this change back and does not end'
  take_turn "$self"
  case $(state_of "$TXN") in
    none | prepared)
      withdraw "$self"
      [ ! -d "$TXN" ] || answer error "cannot remove $TXN"
      answer nothing
      ;;
    armed) # kept, so that whoever asks later is told that nothing was written
      each_file drop_staged
      remove_folders
      set_verdict "ended by $by, before anything was written"
      set_state reverted 2>/dev/null || withdraw "$self"
      [ ! -d "$TXN" ] || [ "$(state_of "$TXN")" = reverted ] || answer error "cannot write below $ROOT"
      stop_switch "$self"
      answer nothing
      ;;
    writing | applied) # the one who renames it decides, and needs no space for it
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
  set_verdict "put back by $by"
  rm -f "$TXN/stuck"
  set_reverted
  stop_switch "$self"
  answer reverted
}

take_turn() { # [self]
  lock || no_turn "$?" "$1" 'another kubelatch is at work on this node and does not end, or flock is missing'
}

# Who holds a lock lives, and frees it in the end: the switch waits on.
no_turn() { # STATUS [self] WHY
  if is_busy "$1" && [ -n "$2" ]; then answer busy "$3"; fi
  answer error "$3"
}

all_ours() { # what could not be looked at now is nobody's edit
  conflict=$(each_file ours 2>/dev/null) && return
  [ "$?" -ne 3 ] || answer conflict "$conflict"
  answer error 'its files cannot be compared with what they were'
}

take_back() { # a change that was confirmed: no less to be ended by the node itself
  if other=$(holder); then answer pending "$other"; fi
  trouble=$(each_file reachable) || answer error "$trouble"
  all_ours
  trouble=$(each_file rehearsed) || answer error "the old files cannot be laid out: $trouble"
  # Cut off before it is under way, the switch takes away what is laid out by then.
  trouble=$(start_switch 240 2>&1) || not_taken_back "the switch cannot be armed: $trouble"
  # All of it or nothing: what could fail is done while nothing is changed.
  trouble=$(each_file relink 2>&1) || not_taken_back "the old files cannot be laid out: ${trouble:-a copy differs}"
  trouble=$(set_state reverting 2>&1) || not_taken_back "cannot write below $ROOT: $trouble"
}

not_taken_back() { # WHY: it stays confirmed
  each_file drop_staged
  stop_switch
  answer error "$1"
}

set_reverted() { # nothing has to be kept where all is as it was, should the disk be too full to say so
  set_state reverted 2>/dev/null || { rm -rf "$TXN/new" "$TXN/old" && set_state reverted 2>/dev/null; } || rm -rf "$TXN"
}
