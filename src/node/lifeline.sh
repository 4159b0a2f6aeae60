# Runs a command until this script's standard input closes, so that the command ends with its caller, however the caller ends.
# $@ the command

main() {
  [ $# -ge 1 ] || exit 97
  exec 3<&0
  child='' ends=''
  # Set the trap before the child exists: a signal in between would leave the child running.
  trap 'ends=yes; [ -z "$child" ] || kill "$child" 2>/dev/null' HUP INT TERM
  "$@" </dev/null 3<&- &
  child=$!
  [ -z "$ends" ] || kill "$child" 2>/dev/null
  {
    while read -r _; do :; done
    kill "$child"
  } <&3 >/dev/null 2>&1 &
  watcher=$!
  exec 3<&-
  wait "$child"
  status=$?
  # A signal interrupted the wait. Its handler has ended the child.
  wait "$child" 2>/dev/null
  kill "$watcher" 2>/dev/null
  exit "$status"
}
main "$@"
