# Prints how a unit and its processes fare now. $1 unit  $2 process name  $3 how many lines of its journal to add  $4 a log file, or -

# Not every base64 leaves out the ends of lines by itself.
case $(printf x | base64 -w 0 2>/dev/null) in
  eA==) one_line=-w0 ;;
  *) one_line= ;;
esac
b64_of() { if [ -n "$one_line" ]; then printf '%s' "$1" | base64 "$one_line"; else printf '%s' "$1" | base64 | tr -d '\n'; fi; }

# under PARENT: the unit's main process is PARENT or one of its ancestors.
under() {
  up=$1
  while [ "${up:-0}" -gt 1 ]; do
    [ "$up" != "$main_pid" ] || return 0
    read -r up 2>/dev/null <"/proc/$up/stat" || return 1
    up=${up##*) } && up=${up#* } && up=${up%% *}
  done
  return 1
}

main() {
  [ $# -eq 4 ] || exit 97
  shown=$(systemctl show --no-pager -p ActiveState,SubState,MainPID,NRestarts,RestartUSec,Result,ExecMainStatus -- "$1" 2>/dev/null)
  printf '%s\n' "$shown"
  main_pid=${shown#*MainPID=}
  main_pid=${main_pid%%[!0-9]*}
  for dir in /proc/[0-9]*; do
    name='' state=''
    { read -r name <"$dir/comm" && read -r state <"$dir/stat"; } 2>/dev/null || continue
    case $name in
      containerd-shim* | conmon*) echo "container=${dir#/proc/} $(b64_of "$state")" ;;
    esac
    if [ "$name" = "$2" ] || [ "${dir#/proc/}" = "$main_pid" ]; then
      echo "process=${dir#/proc/} $(b64_of "$state")"
    fi
    if [ "$name" = "$2" ] && under "${dir#/proc/}"; then
      echo "own=${dir#/proc/} $(b64_of "$state")"
    fi
  done
  if [ "$3" -gt 0 ]; then
    if [ "$4" != - ]; then
      lines=$(tail -n "$3" -- "$4" 2>/dev/null)
    else
      lines=$(timeout 5 journalctl --no-pager -q -o cat -n "$3" -u "$1" 2>/dev/null)
    fi
    echo "log=$(b64_of "$lines")"
  fi
  echo end=
}
main "$@"
