# shellcheck shell=bash
# Holds a call at a chosen point; sourced. FOLDER/at names the point, "STEP MOMENT NAME"; reached.NAME tells that a call is held there.

# claim FOLDER STEP MOMENT: prints the hold's name where this call is to be held; only one call ever is.
claim() {
  local step moment hold
  { [ -e "$1/at" ] && read -r step moment hold <"$1/at"; } 2>/dev/null || return 1
  [ "$step $moment" = "$2 $3" ] && mv "$1/at" "$1/taken" 2>/dev/null && printf '%s\n' "$hold"
}

# held FOLDER NAME: until somebody says "go" or "drop"; fails when the call is to be lost, or nobody says a word for five minutes.
held() {
  local word pause end=$((SECONDS + 300))
  : >"$1/reached.$2"
  # Nobody ever writes to it: a wait that starts no process.
  exec {pause}<> <(:)
  until [ -e "$1/word.$2" ]; do
    [ "$SECONDS" -lt "$end" ] || return 1
    read -r -t 0.1 -u "$pause" || true
  done
  read -r word <"$1/word.$2"
  [ "$word" = go ]
}
