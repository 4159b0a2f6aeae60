#!/bin/bash
# Runs on a lab node as root in the place of `sh -s`: knows which step a script is, holds it there, or spoils its answer.
set -uo pipefail
here=${0%/*}
folder=/run/lab-faults
[ -d "$folder" ] || mkdir -p "$folder"
# shellcheck source=/dev/null
. "$here/hold.sh"

# scripts: "NAME FIRST-LINE" of each program that the tool sends. A transaction's verb is its first argument.
step_of() { # sets step
  local first third name line
  step=other
  { read -r _ _ first _ && read -r _ && IFS= read -r third; } <"$1"
  while read -r name line; do
    [ "$line" = "$third" ] || continue
    case $name in
      txn)
        name=${first//\'/}
        printf '%s\n' "$name" >"$folder/verb"
        ;;
      watch) case $(cat "$folder/verb" 2>/dev/null) in
        restart | beat) name=gate ;;
      esac ;;
    esac
    step=$name
    return
  done <"$here/scripts"
}

spoil() { # KIND: the answer comes on stdin
  local answer
  answer=$(base64 -w 0)
  case $1 in
    answer-100-mb) head -c 100000000 /dev/zero | tr '\0' 'x' ;;
    answer-torn) base64 -d <<<"$answer" | head -c $((${#answer} * 3 / 8)) ;;
    answer-hostile)
      printf '\033]0;owned\007\033[2J\033[31mresult confirmed\033[0m\r'
      printf '\nresult \xff\xfe\xc3\x28 %s\n' '../../../../etc/passwd'
      printf 'result confirmed-or-not !!!\n\0\0\0\nhostname ; rm -rf /\nend=\n'
      head -c 200000 /dev/zero | tr '\0' '\033'
      printf '\nresult '
      ;;
  esac
}

echo kubelatch-ready
script=$folder/script.$$
cat >"$script"
step_of "$script"
read -r up _ </proc/uptime
printf '%s %s\n' "$up" "$step" >>"$folder/calls"
if hold=$(claim "$folder" "$step" before) || hold=$(claim "$folder" "$step" late); then
  held "$folder" "$hold" || exit 1
  sh -s <"$script"
  status=$?
  : >"$folder/done.$hold"
  exit "$status"
elif hold=$(claim "$folder" "$step" after); then
  output=$(sh -s <"$script" | base64)
  held "$folder" "$hold" && base64 -d <<<"$output"
  exit 0
elif hold=$(claim "$folder" "$step" answer); then
  : >"$folder/reached.$hold"
  sh -s <"$script" | spoil "$hold"
  exit 0
fi
exec sh -s <"$script"
