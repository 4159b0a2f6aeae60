# Prints the current state of a unit and its processes. $1 unit  $2 process name  $3 number of journal lines to add  $4 a log file, or -

# Root's process holds a pod's container. A process of another user could have the same name.
holds_container() { # PID NAME
  case $2 in
    containerd-shim* | conmon*) acts_for_root "$1" && same_root "$1" $$ ;;
    *) return 1 ;;
  esac
}

main() {
  [ $# -eq 4 ] || exit 97
  shown=$(systemctl show --no-pager -p ActiveState,SubState,MainPID,NRestarts,RestartUSec,Result,ExecMainStatus,ControlGroup -- "$1" 2>/dev/null)
  printf '%s\n' "$shown"
  main_pid=${shown#*MainPID=}
  main_pid=${main_pid%%[!0-9]*}
  group=$(printf '%s\n' "$shown" | sed -n 's/^ControlGroup=//p')
  for dir in /proc/[0-9]*; do
    name='' state=''
    { read -r name <"$dir/comm" && read -r state <"$dir/stat"; } 2>/dev/null || continue
    pid=${dir#/proc/}
    ! holds_container "$pid" "$name" || echo "container=$pid $(b64_of "$state")"
    [ "$pid" != "$main_pid" ] || echo "process=$pid $(b64_of "$state")"
    if [ "$name" = "$2" ] && belongs "$pid" "$main_pid" "$group"; then
      [ "$pid" = "$main_pid" ] || echo "process=$pid $(b64_of "$state")"
      echo "own=$pid $(b64_of "$state")"
      echo "argv=$pid $(b64 2>/dev/null <"$dir/cmdline")"
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
