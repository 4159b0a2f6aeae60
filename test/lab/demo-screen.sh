# shellcheck shell=bash
# How the demo looks: titles, commands shown before they run, set-up steps with their seconds; sourced by demo.sh.
# It makes $work, a folder of the demo's own, to be removed by who sources it.

bold='' dim='' green='' red='' plain='' colors=never
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m' colors=always
fi
export colors
declare -A running=()
work=$(mktemp -d)

title() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
tell() { fold -s -w 80 <<<"$1"; }
proved() { printf '%s+%s %s\n' "$green" "$plain" "$1"; }
stop() {
  printf '%sdemo: %s%s\n' "$red" "$1" "$plain" >&2
  exit 1
}

end_jobs() {
  local job
  for job in "${running[@]}"; do
    kill -TERM -- "-$job" 2>/dev/null
  done
  running=()
}

# quietly STEP...: runs functions at once; their names are what is shown, their words only where one fails.
quietly() {
  local step began=$SECONDS asked=$SECONDS
  for step; do
    {
      "$step"
      echo $? >"$work/$step.end"
    } >"$work/$step.log" 2>&1 </dev/null &
    running[$step]=$!
  done
  while [ ${#running[@]} -gt 0 ]; do
    for step in "${!running[@]}"; do
      kill -0 "${running[$step]}" 2>/dev/null || ended "$step" $((SECONDS - began))
    done
    if [ -t 1 ]; then
      [ ${#running[@]} -eq 0 ] || printf '\r\e[K%s  . %.76s%s' "$dim" "$(names): $((SECONDS - began)) s  $(last_words)" "$plain"
    elif [ $((SECONDS - asked)) -ge 15 ]; then
      asked=$SECONDS
      printf '  . %s: %d s\n' "$(names)" $((SECONDS - began))
    fi
    sleep 0.2
  done
}

# node_image is shown as "node image".
names() {
  local all
  printf -v all '%s, ' "${!running[@]}"
  all=${all%, }
  printf '%s' "${all//_/ }"
}

# What the first of the steps under way says at the moment.
last_words() {
  local step
  for step in "${!running[@]}"; do
    tail -n 1 "$work/$step.log" 2>/dev/null | tr -cd '[:print:]'
    return
  done
}

ended() { # STEP SECONDS
  local status
  unset "running[$1]"
  [ ! -t 1 ] || printf '\r\e[K'
  status=$(cat "$work/$1.end" 2>/dev/null)
  if [ "$status" = 0 ]; then
    printf '  %s+%s %-40s %3d s\n' "$green" "$plain" "${1//_/ }" "$2"
    return
  fi
  tail -n 15 "$work/$1.log" | sed 's/^/    /' >&2
  stop "this step failed: ${1//_/ }"
}

# shown WANTED LINES COMMAND...: prints the command, runs it, and stops when its exit code is not WANTED.
# LINES is `all` (straight to the terminal), or how many of its lines are printed.
shown() {
  local wanted=$1 lines=$2 status said
  shift 2
  printf '\n%s$ %s%s\n' "$bold" "$*" "$plain"
  if [ "$lines" = all ]; then
    "$@"
    status=$?
  else
    "$@" >"$work/output" 2>"$work/errors"
    status=$?
    head -n "$lines" "$work/output"
    said=$(wc -l <"$work/output")
    [ "$said" -le "$lines" ] || printf '%s... and %d lines more%s\n' "$dim" $((said - lines)) "$plain"
    [ "$status" -eq "$wanted" ] || cat "$work/errors" >&2
  fi
  [ "$status" -eq "$wanted" ] || stop "it ended with $status; $wanted was to be expected"
  [ "$wanted" -eq 0 ] || printf '%sexit code %d%s\n' "$dim" "$status" "$plain"
}
