# Runs a command for as long as somebody holds this script's standard input open: it ends with whoever started it, however that one ends.
# $@ the command

main() {
  [ $# -ge 1 ] || exit 97
  exec 3<&0
  "$@" </dev/null 3<&- &
  child=$!
  trap 'kill "$child" 2>/dev/null' HUP INT TERM
  {
    while read -r _; do :; done
    kill "$child"
  } <&3 >/dev/null 2>&1 &
  watcher=$!
  exec 3<&-
  wait "$child"
  status=$?
  # Cut short by a signal, which has ended the child.
  wait "$child" 2>/dev/null
  kill "$watcher" 2>/dev/null
  exit "$status"
}
main "$@"
