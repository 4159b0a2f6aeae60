# shellcheck shell=bash
# How the demo looks: titles, commands shown before they run, set-up steps with their seconds; sourced by demo.sh.
# It keeps what steps say in $work, a folder of the demo's own.

bold='' dim='' green='' red='' plain=''
colors=never
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
  colors=always
fi
export colors
jobs_running=()

title() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
tell() { fold -s -w 80 <<<"$1"; }
stop() {
  printf '%sdemo: %s%s\n' "$red" "$1" "$plain" >&2
  exit 1
}
proved() { printf '%s+%s %s\n' "$green" "$plain" "$1"; }

end_jobs() {
  local job
  for job in "${jobs_running[@]}"; do
    kill -TERM -- "-$job" 2>/dev/null
  done
  jobs_running=()
}

# quietly WHAT COMMAND [WHAT COMMAND ...]: all of them at once; what they say is shown only where one fails.
quietly() {
  local began=$SECONDS names=() logs=() job index status
  jobs_running=()
  while [ $# -gt 0 ]; do
    names+=("$1")
    logs+=("$work/${#names[@]}.log")
    {
      # shellcheck disable=SC2086
      $2
      echo $? >"$work/${#names[@]}.end"
    } >"${logs[-1]}" 2>&1 </dev/null &
    jobs_running+=($!)
    shift 2
  done
}
