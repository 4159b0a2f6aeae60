#!/bin/sh
# A sudo with the parts that count: -n fails where a password is needed, -S prompts on stderr and reads one line.
# Its rules come from the file `mode` in the folder above; every start and every password is noted in `log` there.
dir=$(dirname "$0")
mode=$(cat "$dir/../mode")
echo "start $*" >>"$dir/../log"
ask=no prompt=
while [ $# -gt 0 ]; do
  case $1 in
    -n) ;;
    -S) ask=yes ;;
    -k) ;;
    -p)
      prompt=$2
      shift
      ;;
    --)
      shift
      break
      ;;
  esac
  shift
done
case $mode in
  free) exec "$@" ;;
  requiretty)
    echo "sudo: sorry, you must have a tty to run sudo" >&2
    exit 1
    ;;
  denied)
    printf '\033[31mops is not in the sudoers file.\033[0m\n' >&2
    exit 1
    ;;
esac
if [ "$ask" = no ]; then
  echo "sudo: a password is required" >&2
  exit 1
fi
if [ "$mode" = hangs ]; then
  echo "Verification code: " >&2
  exec sleep 5
fi
tries=0
while [ "$tries" -lt 3 ]; do
  printf '%s' "$prompt" >&2
  IFS= read -r given || {
    echo "sudo: no password was provided" >&2
    exit 1
  }
  echo "given $given" >>"$dir/../log"
  if [ "$given" = "$(cat "$dir/../password")" ]; then
    if [ "$mode" = unlisted ]; then
      echo "ops is not allowed; you typed $given" >&2
      exit 1
    fi
    exec "$@"
  fi
  if [ "$mode" = onetry ]; then
    echo "sudo: 1 incorrect password attempt" >&2
    exit 1
  fi
  echo "Sorry, try again." >&2
  tries=$((tries + 1))
done
exit 1
