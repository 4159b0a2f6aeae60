#!/bin/bash
# All tests, from nothing: what Debian has to give, npm's packages, the build, the checks, the scenarios on the lab.
#   all.sh standin   everything, the lab with its own small cluster      all.sh real   only the lab, with real kubelets
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
kind=${1:-standin}
[ "$kind" = standin ] || [ "$kind" = real ] || {
  echo 'usage: test/all.sh standin|real' >&2
  exit 64
}

# Each step gets a process group of its own, so that it can be ended with all that it started.
set -m
results=$(mktemp -d)
export KUBELATCH_TEST_RESULTS=$results
failed=()
declare -A running=()

# shellcheck source=test/lab/place.sh
. test/lab/place.sh
# A lab that is up, or that somebody is starting right now, is not ours to end.
ours=yes
if [ -e "$LAB_STATE/ready" ] || { [ -e "$LAB_CACHE/up.lock" ] && ! flock -n "$LAB_CACHE/up.lock" true; }; then
  ours=no
fi

heading() { printf '\n== %s\n' "$*"; }

end_steps() {
  local group
  for group in "${running[@]}"; do
    kill -TERM -- "-$group" 2>/dev/null
  done
  for group in "${running[@]}"; do
    for _ in $(seq 50); do
      kill -0 -- "-$group" 2>/dev/null || continue 2
      sleep 0.1
    done
    kill -KILL -- "-$group" 2>/dev/null
  done
}

leave() {
  trap - EXIT
  trap '' INT TERM
  end_steps
  if [ "$ours" = yes ] && [ -d "$LAB_STATE" ] && [ "$(id -u)" -eq 0 ]; then
    test/lab/down.sh
  fi
  rm -rf "$results"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# In the background, so that a signal is acted on at once and not after the step.
begin() { # STEP [FILE]: runs the function of that name; what it says goes into the file, if there is one
  if [ $# -gt 1 ]; then
    "$1" </dev/null >"$2" 2>&1 &
  else
    "$1" </dev/null &
  fi
  running[$1]=$!
}
finish() { # STEP
  local status
  wait "${running[$1]}"
  status=$?
  unset "running[$1]"
  if [ "$status" -eq 0 ]; then
    printf '== done: %s (%d s since the start)\n' "${1//_/ }" "$SECONDS"
    return
  fi
  printf '== FAILED: %s (%d s since the start)\n' "${1//_/ }" "$SECONDS"
  failed+=("${1//_/ }")
  return 1
}
step() { begin "$1" && finish "$1"; }

npm_packages() {
  if [ -e node_modules/.package-lock.json ] && ! [ package-lock.json -nt node_modules/.package-lock.json ]; then
    echo 'those of package-lock.json are there'
  else
    npm ci
  fi
}
build() { npm run --silent build; }
checks() { bash test/check.sh --built; }
node_image() { test/lab/base.sh; }
kubernetes() { test/lab/kubernetes.sh; }
scenarios() {
  KUBELATCH_LAB_KIND=$kind node_modules/.bin/vitest run --config test/e2e/vitest.config.ts \
    --reporter=verbose --reporter=json "--outputFile.json=$results/lab.json"
}
lab() {
  heading "the lab's node image (made once, about a minute and a half)"
  step node_image || return
  if [ "$kind" = real ]; then
    heading 'real Kubernetes from its sources (built once, about ten minutes)'
    step kubernetes || return
  fi
  heading "scenarios on the lab ($kind)"
  step scenarios || return
  # It has ended its lab itself; one that is there from now on is somebody else's.
  [ -d "$LAB_STATE" ] || ours=no
}

heading 'Debian packages (only what is missing; the first time about a minute)'
setup=$(bash test/setup.sh | tee >(grep -v '^LAB=' >&2) | tail -n 1)
heading 'npm packages (about 220 the first time, a few seconds to a minute)'
step npm_packages || exit 1
heading 'build'
step build || exit 1

if [ "$setup" != LAB=yes ]; then
  [ "$kind" = real ] || { heading 'checks and unit tests' && step checks; }
  heading "SKIPPED: the scenarios on the lab: ${setup#LAB=no }"
elif [ "$kind" = real ]; then
  lab
else
  # The scenarios mostly wait for kubelets; what needs no lab is done meanwhile.
  heading 'checks and unit tests begin; what they say is shown after the scenarios'
  begin checks "$results/checks.log"
  lab
  heading 'checks and unit tests'
  finish checks >"$results/verdict"
  cat "$results/checks.log" "$results/verdict"
fi

echo
[ ${#failed[@]} -eq 0 ] || printf 'failed: %s\n' "${failed[*]}"
node test/sum-results.mjs "$results" && [ ${#failed[@]} -eq 0 ]
