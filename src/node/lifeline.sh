# Runs a command for as long as somebody holds this script's standard input open: it ends with whoever started it, however that one ends.
# $@ the command

main() {
  [ $# -ge 1 ] || exit 97
  exec 3<&0
  child='' ends=''
  # Before there is a child: a signal in between would leave it behind.
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
  # Cut short by a signal, which has ended the child.
  wait "$child" 2>/dev/null
  kill "$watcher" 2>/dev/null
  exit "$status"
}
main "$@"
