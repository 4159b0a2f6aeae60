# A change of files on this node as a transaction: prepared, armed, written, then confirmed or reverted; never half of it.
# $1 verb  $2 transaction id  then what the verb takes. Answers with one line `result WORD [base64]`.
# States: prepared, armed, writing, applied, confirmed | reverting, reverted. Sent as one text with txn-files.sh and txn-switch.sh.

ROOT=${KUBELATCH_ROOT:-/var/lib/kubelatch}/txn

answer() { # WORD [TEXT]: the last line of every verb
  echo "result $1 $(b64_of "${2:-}")"
  exit 0
}

set_state() {
  replace_line "$1" "$TXN/state"
}

set_verdict() { # TEXT: for people; a disk too full for it changes nothing
  replace_line "$1 ($(date -u '+%Y-%m-%d %H:%M:%SZ') on the node's clock)" "$TXN/verdict" 2>/dev/null || true
}

state_of() { # DIR; once decided, a disk too full to say so does not make it undone
  state=$(line_of "$1/state")
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
    armed | writing | applied | reverting) return 0 ;;
  esac
  return 1
}

take_lock() { lock || answer error "another kubelatch is at work on this node and does not end, or flock is missing"; }

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
    if [ "$state" = prepared ] || [ "$state" = none ]; then
      began=$(line_of "$dir/began")
      hold=$(line_of "$dir/hold")
      if [ -z "$began" ] || ! this_boot "$dir" || [ $(($(now) - began)) -ge "${hold:-0}" ]; then
        of_change "$dir" discard
        continue
      fi
    elif ! is_pending "$state"; then
      continue
    fi
    age=- began=$(line_of "$dir/began")
    if [ -n "$began" ] && this_boot "$dir"; then age=$(($(now) - began)); fi
    printf '%s %s %s %s %s\n' "${dir##*/}" "$state" "$age" "$(seconds_left "$dir")" "$(line_of "$dir/owner")"
    return 0
  done
  return 1
}

# UNIT RESTART(yes|no) RELOAD(yes|no) PATIENCE(seconds of a restart) CHILD(process name or -) HOLD(seconds until an unarmed change may be
# taken away by others) NONCE, base64: OWNER ABOUT PROGRAM, then for each file eight words: action (create|edit|mode) path sha256 mode uid:gid (as they are; - for none) content (base64 or -) mode uid:gid
prepare() {
  [ $(($# % 8)) -eq 2 ] || exit 97
  problem=$(mkdir -p "$ROOT" 2>&1) || answer error "cannot make $ROOT: $problem"
  problem=$({ true >>"$ROOT/lock"; } 2>&1) || answer error "cannot write below $ROOT: $problem"
  take_lock
  other=$(holder) && answer pending "$other"
  problem=$(mkdir "$TXN" 2>&1) || {
    [ ! -d "$TXN" ] || answer exists
    answer error "cannot write below $ROOT: $problem"
  }
  problem=$({ mkdir "$TXN/old" "$TXN/new" && boot_mark >"$TXN/boot" && now >"$TXN/began" &&
    put_line "$1" "$TXN/unit" && put_line "$2" "$TXN/restart" && put_line "$3" "$TXN/reload" &&
    put_line "$4" "$TXN/patience" && put_line "$5" "$TXN/child" && put_line "$6" "$TXN/hold" && put_line "$7" "$TXN/nonce" &&
    printf '%s' "$8" | base64 -d >"$TXN/owner" && printf '%s' "$9" | base64 -d >"$TXN/about" &&
    printf '%s' "${10}" | base64 -d >"$TXN/txn.sh" && : >"$TXN/files"; } 2>&1) || {
    rm -rf "$TXN"
    answer error "cannot write below $ROOT: $problem"
  }
  shift 10
  n=0
  while [ $# -gt 0 ]; do
    n=$((n + 1))
    stage "$@" || exit 1
    shift 8
  done
  rehearse=$(each_file rehearsed 2>&1) || {
    discard
    answer error "the rehearsal of putting back failed: $rehearse"
  }
  problem=$({ flush "$TXN"/* && set_state prepared; } 2>&1) || {
    discard
    answer error "cannot write below $ROOT: $problem"
  }
  answer prepared
}

arm() { # DEADLINE CAP: seconds from now until the switch acts, and the most that its deadline may be put off to
  take_lock
  [ "$(state_of "$TXN")" = prepared ] || answer state "$(state_of "$TXN")"
  if other=$(holder); then
    discard
    answer pending "$other"
  fi
  changed=$(each_file unchanged) || {
    discard
    answer changed "$changed"
  }
  problem=$({ put_line "$1" "$TXN/span" && put_line "$(($(now) + $2))" "$TXN/cap" && put_line - "$TXN/undecided" &&
    start_switch "$1"; } 2>&1) || not_armed "the switch cannot be armed: $problem"
  fires=$(fires_after) || not_armed "the switch was armed, but systemd does not say when it acts"
  # A timer that acts later than asked for protects nobody.
  { [ "$fires" -ge $(($1 - 1)) ] && [ "$fires" -le $(($1 + 1)) ]; } ||
    not_armed "the switch was armed for $1 s, but systemd says that it acts after $fires s"
  problem=$(set_state armed 2>&1) || not_armed "cannot write below $ROOT: $problem"
  answer armed "$fires"
}

not_armed() { # WHY
  stop_switch >/dev/null 2>&1 || true
  discard
  answer error "$1"
}

write() {
  take_lock
  { [ "$(state_of "$TXN")" = armed ] && [ -e "$TXN/undecided" ]; } || answer state "$(state_of "$TXN")"
  changed=$(each_file unchanged) || {
    stop_switch
    discard
    answer changed "$changed"
  }
  trouble=$(set_state writing 2>&1) || {
    stop_switch
    discard
    answer error "cannot write below $ROOT: $trouble"
  }
  trouble=$({ each_file put_new && set_state applied; } 2>&1) && answer applied
  back=$({ each_file put_old && each_file is_old; } 2>&1) ||
    answer broken "writing failed ($trouble), and putting back too: $back"
  remove_folders
  # Nothing has to be kept where all is as it was, should the disk be too full to say so.
  set_state reverted 2>/dev/null || rm -rf "$TXN"
  stop_switch
  answer put-back "$trouble"
}

beat() { # NONCE: the controller lives; the switch acts later, but never after its cap
  [ "$(line_of "$TXN/nonce")" = "$1" ] || answer state 'held by another run of the same name'
  { [ -e "$TXN/undecided" ] && is_pending "$(state_of "$TXN")"; } || answer state "$(state_of "$TXN")"
  end=$(($(now) + $(line_of "$TXN/span")))
  cap=$(line_of "$TXN/cap")
  [ "$end" -le "$cap" ] || end=$cap
  trouble=$(replace_line "$end" "$TXN/deadline" 2>&1) || answer error "cannot write below $ROOT: $trouble"
  answer beating "$(seconds_left "$TXN")"
}

restart_units() { # the exit status of a restart proves nothing for simple units: the gate does
  [ "$(line_of "$TXN/reload")" = no ] || ask_systemd daemon-reload
  [ "$(line_of "$TXN/restart")" = yes ] || return 0
  unit=$(line_of "$TXN/unit")
  # One that died too often is not started again otherwise.
  systemctl reset-failed -- "$unit" </dev/null 2>/dev/null || true
  timeout "$(line_of "$TXN/patience")" systemctl restart -- "$unit" </dev/null 8<&- 9<&-
}

restart() {
  [ "$(state_of "$TXN")" = applied ] || answer state "$(state_of "$TXN")"
  said=$(restart_units 2>&1) || answer restart-failed "$said"
  answer restarted
}

# HOW BY [self]: prove restarts and waits until it runs, restart restarts, boot and files-only leave that to others
undo() {
  how=$1 by=$2 self=${3:-}
  lock_revert || answer error 'somebody else is putting this change back and does not end'
  take_lock
  before=$(state_of "$TXN")
  case $before in
    none) # prepare was cut short
      discard
      answer nothing
      ;;
    prepared)
      discard
      answer nothing
      ;;
    armed) # kept, so that whoever asks later is told that nothing was written
      each_file drop_staged
      remove_folders
      set_verdict "ended by $by, before anything was written"
      mv -f "$TXN/undecided" "$TXN/decided-revert" 2>/dev/null
      set_state reverted 2>/dev/null || discard
      stop_switch "$self"
      answer nothing
      ;;
    confirmed) # the switch may only just have lost to the confirmation
      [ -z "$self" ] || answer state confirmed
      ;;
    writing | applied | reverting) ;;
    reverted) answer reverted already ;;
    *) answer state "$before" ;;
  esac
  if other=$(holder); then answer pending "$other"; fi
  conflict=$(each_file ours) || answer conflict "$conflict"
  case $before in
    writing | applied) # the one who renames it decides
      mv "$TXN/undecided" "$TXN/decided-revert" 2>/dev/null || [ -e "$TXN/decided-revert" ] || answer state "$(state_of "$TXN")"
      ;;
    confirmed) # taken back later, and no less to be ended by the node itself
      trouble=$(start_switch 240 2>&1) || {
        stop_switch
        answer error "the switch cannot be armed: $trouble"
      }
      ;;
  esac
  trouble=$(set_state reverting 2>&1) || [ -e "$TXN/decided-revert" ] || answer error "cannot write below $ROOT: $trouble"
  trouble=$(each_file put_old 2>&1) || answer broken "$trouble"
  remove_folders
  trouble=$(each_file is_old 2>&1) || answer broken "$trouble"
  unlock
  case $how in
    prove | restart) said=$(restart_units 2>&1) || answer restart-failed "$said" ;;
    *) [ "$(line_of "$TXN/reload")" = no ] || ask_systemd daemon-reload ;;
  esac
  if [ "$how" = prove ] && [ "$(line_of "$TXN/restart")" = yes ]; then
    runs_again || answer restart-failed "$(line_of "$TXN/unit") does not stay up with its old files"
  fi
  take_lock
  set_verdict "put back by $by"
  rm -f "$TXN/stuck"
  # Nothing has to be kept where all is as it was, should the disk be too full to say so.
  set_state reverted 2>/dev/null || { rm -rf "$TXN/new" "$TXN/old" && set_state reverted 2>/dev/null; } || rm -rf "$TXN"
  stop_switch "$self"
  answer reverted
}

revert() { # HOW(restart|files-only) BY
  undo "$1" "$2"
}

confirm() { # NONCE
  take_lock
  case $(state_of "$TXN") in
    applied) ;;
    confirmed)
      finish_confirm
      answer confirmed already
      ;;
    *) answer state "$(state_of "$TXN")" ;;
  esac
  [ "$(line_of "$TXN/nonce")" = "$1" ] || answer state 'held by another run of the same name'
  # The one who renames it decides.
  mv "$TXN/undecided" "$TXN/decided-confirm" 2>/dev/null || answer state "$(state_of "$TXN")"
  flush "$TXN"
  finish_confirm
  answer confirmed
}

finish_confirm() {
  set_state confirmed 2>/dev/null || true
  set_verdict "confirmed by $(line_of "$TXN/owner")"
  each_file drop_link || true
  stop_switch
}

list() {
  for dir in "$ROOT"/*/; do
    dir=${dir%/}
    [ -e "$dir/state" ] || continue
    echo "transaction $(b64_of "${dir##*/}") $(state_of "$dir") $(base64 <"$dir/about" | tr -d '\n') v$(b64_of "$(line_of "$dir/verdict")")" \
      "s$(b64_of "$(line_of "$dir/stuck")") $(seconds_left "$dir")"
  done
  answer listed
}

discard_links() {
  each_file drop_staged
  rm -rf "$TXN"
}

prune() { # KEEP: how many finished changes stay
  take_lock
  kept=0 gone=0
  for dir in $(printf '%s\n' "$ROOT"/*/ | sort -r); do
    dir=${dir%/}
    case $(state_of "$dir") in
      confirmed | reverted) kept=$((kept + 1)) ;;
      *) continue ;;
    esac
    [ "$kept" -gt "$1" ] || continue
    of_change "$dir" discard_links
    gone=$((gone + 1))
  done
  answer pruned "$gone"
}

uninstall() {
  [ -d "$ROOT" ] || answer uninstalled nothing
  take_lock
  if other=$(holder); then answer pending "$other"; fi
  for dir in "$ROOT"/*/; do
    [ ! -e "$dir/files" ] || of_change "${dir%/}" discard_links
  done
  stop_switch
  trouble=$(rm -rf "$ROOT" 2>&1) || answer error "cannot remove $ROOT: $trouble"
  rmdir "${ROOT%/*}" 2>/dev/null || true
  answer uninstalled
}

main() {
  [ $# -ge 2 ] || exit 97
  verb=$1 ID=$2
  shift 2
  case $ID in
    '' | *[!A-Za-z0-9-]*) exit 97 ;;
  esac
  TXN=$ROOT/$ID
  umask 077
  case $verb in
    prepare | list | prune | uninstall) ;;
    *) [ -d "$TXN" ] || answer none ;;
  esac
  case $verb in
    prepare | arm | write | restart | beat | revert | confirm | list | prune | uninstall | expire | boot) "$verb" "$@" ;;
    *) exit 97 ;;
  esac
}
main "$@"
