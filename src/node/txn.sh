# A change of files on this node as a transaction: prepared, armed, written, then confirmed or reverted, never in part.
# $1 verb  $2 transaction id  then the verb's arguments. Answers with one line `result WORD [base64 [AILMENT]]`.
# States: prepared, armed, writing, applied, confirmed | reverting, reverted. Sent as one text, after its parts txn-*.sh.

ROOT=$BASE/txn

answer() { # WORD [TEXT] [AILMENT, the disk's problem]: the last line of every verb
  echo "result $1 ${2:+$(b64_of "$2")}${3:+ $3}"
  exit 0
}

# UNIT RESTART(yes|no) RELOAD(yes|no) TIMEOUT(of a restart, in seconds) CHILD(process name or -) HOLD(seconds until others may
# remove an unarmed change) NONCE, base64: OWNER ABOUT PROGRAM, then for each file eight words: action (create|edit|mode) path
# sha256 mode uid:gid (as they are; - for none) content (base64 or -) mode uid:gid
prepare() {
  [ $(($# % 8)) -eq 2 ] || exit 97
  for folder in "$ROOT" "$UNITS"; do
    problem=$(unsafe_folder "$folder")
    [ -z "$problem" ] || answer unsafe "$problem"
  done
  problem=$(mkdir -p "$ROOT" 2>&1) || fails "cannot make $ROOT: $problem"
  problem=$({ true >>"$ROOT/lock"; } 2>&1) || fails "cannot write below $ROOT: $problem"
  take_lock
  other=$(holder) && answer pending "$other"
  for folder in "$ROOT" "$UNITS"; do
    ! is_volatile "$folder" || answer error "$folder is in memory, so the change could not be reverted after a power failure"
  done
  problem=$(mkdir "$TXN" 2>&1) || {
    [ ! -d "$TXN" ] || answer exists
    fails "cannot write below $ROOT: $problem"
  }
  problem=$({ mkdir "$TXN/old" "$TXN/new" && put_line "$(boot_mark)" "$TXN/boot" && put_line "$(now)" "$TXN/began" &&
    put_line "$1" "$TXN/unit" && put_line "$2" "$TXN/restart" && put_line "$3" "$TXN/reload" &&
    put_line "$(next_order)" "$TXN/order" && put_line "$4" "$TXN/patience" && put_line "$5" "$TXN/child" && put_line "$6" "$TXN/hold" && put_line "$7" "$TXN/nonce" &&
    printf '%s' "$8" | base64 -d >"$TXN/owner" && printf '%s' "$9" | base64 -d >"$TXN/about" &&
    printf '%s' "${10}" | base64 -d >"$TXN/txn.sh" && : >"$TXN/files" && : >"$TXN/revert.lock"; } 2>&1) ||
    fails "cannot write below $ROOT: $problem" rm -rf "$TXN"
  shift 10
  n=0
  while [ $# -gt 0 ]; do
    n=$((n + 1))
    stage "$n" "$@" || exit 1
    shift 8
  done
  rehearse=$(each_file rehearsed 2>&1) || fails "the test of the backup failed: $rehearse" discard
  # Of the folders that lead here, the first change on a node has made some.
  problem=$({ flush "$TXN"/* "$ROOT" "$BASE" "${BASE%/*}" && set_state prepared; } 2>&1) || fails "cannot write below $ROOT: $problem" discard
  answer prepared
}

arm() { # DEADLINE CAP: seconds from now until the switch acts, and the latest time to which its deadline may be extended
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
    start_switch "$1"; } 2>&1) || not_armed "the revert timer cannot be armed: $problem"
  fires=$(fires_after) || not_armed "the revert timer was armed, but systemd does not report when it fires"
  # A timer that fires later than requested does not protect the node.
  { [ "$fires" -ge $(($1 - 1)) ] && [ "$fires" -le $(($1 + 1)) ]; } ||
    not_armed "the revert timer was armed for $1 s, but systemd reports that it fires after $fires s"
  problem=$(set_state armed 2>&1) || not_armed "cannot write below $ROOT: $problem"
  answer armed "$fires"
}

not_armed() { # WHY
  fails "$1" withdraw
}

write() {
  take_lock
  { [ "$(state_of "$TXN")" = armed ] && [ -e "$TXN/undecided" ]; } || answer state "$(state_of "$TXN")"
  same_boot_only
  changed=$(each_file unchanged) || {
    withdraw
    answer changed "$changed"
  }
  before=$(kubelet_now)
  trouble=$(set_state writing 2>&1) || fails "cannot write below $ROOT: $trouble" withdraw
  trouble=$({ each_file put_new && set_state applied; } 2>&1) && answer applied
  ailment=$(disk_trouble)
  back=$(each_file undo_new 2>&1) ||
    answer broken "writing failed ($trouble), and so did the revert: $back"
  remove_folders
  [ "$(line_of "$TXN/restart")" = no ] || is_same_kubelet "$before" ||
    answer broken "writing failed ($trouble); the old files were restored, but the kubelet may have started with new ones meanwhile"
  set_verdict run "reverted immediately, because writing failed: $trouble"
  set_reverted
  stop_switch
  answer put-back "$trouble" "$ailment"
}

beat() { # NONCE: the controller is alive, so the switch acts later, but never after its cap
  [ "$(line_of "$TXN/nonce")" = "$1" ] || answer state 'held by another run of the same name'
  take_lock
  { [ -e "$TXN/undecided" ] && is_pending "$(state_of "$TXN")"; } || answer state "$(state_of "$TXN")"
  same_boot_only
  end=$(($(now) + $(number_of "$TXN/span")))
  cap=$(number_of "$TXN/cap")
  [ "$end" -le "$cap" ] || end=$cap
  trouble=$(replace_line "$end" "$TXN/deadline" 2>&1) || answer error "cannot write below $ROOT: $trouble"
  answer beating "$(seconds_left "$TXN")"
}

restart() {
  [ "$(state_of "$TXN")" = applied ] || answer state "$(state_of "$TXN")"
  same_boot_only
  said=$(restart_units 2>&1) || answer restart-failed "$said"
  answer restarted
}

revert() { # HOW(restart|files-only) BY
  undo "$1" "$2"
}

confirm() { # NONCE
  take_lock
  case $(state_of "$TXN") in
    applied) ;;
    confirmed)
      finish_confirm ''
      answer confirmed already
      ;;
    *) answer state "$(state_of "$TXN")" ;;
  esac
  [ "$(line_of "$TXN/nonce")" = "$1" ] || answer state 'held by another run of the same name'
  same_boot_only
  trouble=$(each_file stands) || answer unsafe "$trouble"
  # The process that renames this file decides.
  trouble=$(mv "$TXN/undecided" "$TXN/decided-confirm" 2>&1) || answer error "cannot write below $ROOT: $trouble"
  flush "$TXN"
  finish_confirm ''
  answer confirmed
}

finish_confirm() { # self or nothing
  set_state confirmed 2>/dev/null || true
  [ -e "$TXN/verdict" ] || set_verdict run "confirmed by $(line_of "$TXN/owner")"
  each_file drop_staged || true
  stop_switch "$1"
}

list() {
  for dir in "$ROOT"/*/; do
    dir=${dir%/}
    state=$(state_of "$dir")
    [ "$state" != none ] || continue
    # The caller keeps what it reads here as final, so a power cut must not take it back.
    flush "$dir" 2>/dev/null || true
    echo "transaction $(b64_of "${dir##*/}") $state $(base64 <"$dir/about" | tr -d '\n') v$(b64_of "$(line_of "$dir/verdict")")" \
      "s$(b64_of "$(line_of "$dir/stuck")") $(seconds_left "$dir") $(number_of "$dir/order") $(du -sk -- "$dir" 2>/dev/null | cut -f 1)"
  done
  answer listed
}

discard_links() {
  # If this is interrupted here, the change no longer looks like one that can be rolled back.
  rm -f "$TXN/state" && flush "$TXN"
  each_file drop_staged
  rm -rf "$TXN"
}

# KEEP: how many changes to keep, of the confirmed and of the reverted ones. The calling change is never removed.
prune() {
  [ -d "$ROOT" ] || answer pruned 0
  take_lock
  confirmed=0 reverted=0 gone=0
  for name in $(newest_first); do
    dir=$ROOT/$name
    case $(state_of "$dir") in
      confirmed) nth=$((confirmed += 1)) ;;
      reverted) nth=$((reverted += 1)) ;;
      *) continue ;;
    esac
    if [ "$nth" -le "$1" ] || [ "$dir" = "$TXN" ]; then continue; fi
    of_change "$dir" discard_links
    gone=$((gone + 1))
  done
  answer pruned "$gone"
}

uninstall() {
  if [ ! -d "$ROOT" ]; then
    stop_switch
    answer uninstalled nothing
  fi
  take_lock
  if other=$(holder); then answer pending "$other"; fi
  for dir in "$ROOT"/*/; do
    [ ! -e "$dir/files" ] || of_change "${dir%/}" discard_links
  done
  stop_switch
  trouble=$(rm -rf "$ROOT" "$BASE/serving" 2>&1) || fails "cannot remove $ROOT: $trouble"
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
