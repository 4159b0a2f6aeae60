# Which processes belong to a unit. A process name proves nothing, because anyone can choose it.

# user_of PID: sets parent and user, the user it acts for. Reads a file in which the kernel escapes process names.
user_of() {
  parent=0 user=-
  while read -r key first second _; do
    case $key in
      PPid:) parent=$first ;;
      Uid:)
        user=$second
        break
        ;;
    esac
  done <"/proc/$1/status"
} 2>/dev/null

# in_group PID GROUP: whether systemd sees its control group as GROUP or below it.
in_group() {
  case $2 in
    /?*) ;;
    *) return 1 ;;
  esac
  while IFS=: read -r _ hierarchy group; do
    case $hierarchy:$group/ in
      ":$2"/* | "name=systemd:$2"/*) return 0 ;;
    esac
  done <"/proc/$1/cgroup"
  return 1
} 2>/dev/null

acts_for_root() { # PID
  user_of "$1" && [ "$user" = "$ROOT_UID" ]
}

same_root() { # PID PID: neither is in a container of its own
  [ "$(readlink "/proc/$1/ns/mnt" 2>/dev/null)" = "$(readlink "/proc/$2/ns/mnt" 2>/dev/null || echo none)" ]
}

descends() { # PID ANCESTOR, within a few steps: a long chain of processes must not take long
  line=$1
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
    user_of "$line" || return 1
    line=$parent
    [ "$line" != "$2" ] || return 0
    [ "$line" -gt 1 ] 2>/dev/null || return 1
  done
  return 1
}

# belongs PID MAIN GROUP: it is a unit's main process, or a process of root that MAIN started in the unit's control group. A kubelet
# that moves to another group (--kubelet-cgroups) is recognised by its mounts, which differ from those of a container.
belongs() {
  [ "${2:-0}" -gt 0 ] 2>/dev/null || return 1
  [ "$1" != "$2" ] || return 0
  acts_for_root "$1" && descends "$1" "$2" && { in_group "$1" "$3" || same_root "$1" "$2"; }
}

# of_root PID: it belongs to root outside of containers, and so does its program. Used if systemd does not show which unit it is in.
of_root() {
  program=$(readlink -f "/proc/$1/exe" 2>/dev/null) && acts_for_root "$1" && same_root "$1" $$ && [ -z "$(unsafe_files "$program")" ]
}

# main_and_group UNIT: sets main_pid and group, as systemd reports them.
# shellcheck disable=SC2034
main_and_group() {
  main_pid=0 group=''
  while IFS='=' read -r key value; do
    case $key in
      MainPID) main_pid=$value ;;
      ControlGroup) group=$value ;;
    esac
  done <<SHOWN
$(timeout 30 systemctl show --no-pager -p MainPID,ControlGroup -- "$1" </dev/null 2>/dev/null)
SHOWN
}
