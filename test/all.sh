#!/bin/bash
# All tests, from nothing: what Debian has to give, npm's packages, the build, the checks, then the scenarios on the lab.
#   all.sh standin   everything, the lab with its own small cluster      all.sh real   only the lab, with real kubelets
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
kind=${1:-standin}
case $kind in
  standin | real) ;;
  *)
    echo 'usage: test/all.sh standin|real' >&2
    exit 64
    ;;
esac

# Each step gets a process group of its own, so that it can be ended with all that it started.
set -m
results=$(mktemp -d)
export KUBELATCH_TEST_RESULTS=$results
failed=()
child=

# shellcheck source=test/lab/place.sh
. test/lab/place.sh
# A lab that is up, or that somebody is starting right now, is not ours to end.
ours=yes
if [ -e "$LAB_STATE/ready" ] || { [ -e "$LAB_CACHE/up.lock" ] && ! flock -n "$LAB_CACHE/up.lock" true; }; then
  ours=no
fi

head_line() { printf '\n== %s\n' "$*"; }

end_child() {
  [ -n "$child" ] || return 0
  kill -TERM -- "-$child" 2>/dev/null
  for _ in $(seq 50); do
    kill -0 -- "-$child" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL -- "-$child" 2>/dev/null
}

leave() {
  trap - EXIT INT TERM
  end_child
  if [ "$ours" = yes ] && [ -d "$LAB_STATE" ] && [ "$(id -u)" -eq 0 ]; then
    test/lab/down.sh
  fi
  rm -rf "$results"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# In the background, so that a signal is acted on at once and not after the step.
step() { # WHAT COMMAND...
  local began=$SECONDS status what=$1
  shift
  "$@" </dev/null &
  child=$!
  wait "$child"
  status=$?
  child=
  if [ "$status" -ne 0 ]; then
    printf '== FAILED: %s (%d s)\n' "$what" $((SECONDS - began))
    failed+=("$what")
    return 1
  fi
  printf '== done: %s (%d s)\n' "$what" $((SECONDS - began))
}

packages() {
  if [ -e node_modules/.package-lock.json ] && ! [ package-lock.json -nt node_modules/.package-lock.json ]; then
    echo 'the packages of package-lock.json are there'
    return
  fi
  echo 'npm ci: about 170 packages, a few seconds to a minute'
  npm ci
}

scenarios() { # CONFIG NAME
  KUBELATCH_LAB_KIND=$kind node_modules/.bin/vitest run --config "test/e2e/$1" \
    --reporter=verbose --reporter=json "--outputFile.json=$results/$2.json"
}

head_line "set-up: Debian packages (only what is missing; the first time takes about a minute)"
setup=$(bash test/setup.sh | tee >(grep -v '^LAB=' >&2) | tail -n 1)
head_line "set-up: npm packages"
step 'npm ci' packages || exit 1
if [ "$kind" = standin ]; then
  head_line "checks and unit tests, without the lab"
  step check bash test/check.sh
else
  head_line "build"
  step build npm run --silent build || exit 1
fi

if [ "$setup" != LAB=yes ]; then
  head_line "SKIPPED: the scenarios on the lab: ${setup#LAB=no }"
elif [ ! -e dist/main.js ]; then
  head_line 'SKIPPED: the scenarios on the lab: there is no build'
else
  head_line "lab ($kind): the node image (made once, about a minute and a half)$([ "$kind" = standin ] || echo '; Kubernetes (built once, about ten minutes)')"
  ready=yes
  step 'node image' test/lab/base.sh || ready=no
  [ "$kind" = standin ] || step kubernetes test/lab/kubernetes.sh || ready=no
  if [ "$ready" = yes ]; then
    head_line "lab ($kind): scenarios"
    step "scenarios ($kind)" scenarios vitest.config.ts lab
    head_line "lab ($kind): scenarios on k3s and RKE2"
    step "scenarios on k3s and RKE2 ($kind)" scenarios vitest.supervised.config.ts lab-supervised
  fi
fi

echo
[ ${#failed[@]} -eq 0 ] || printf 'failed: %s\n' "${failed[*]}"
node test/sum-results.mjs "$results" && [ ${#failed[@]} -eq 0 ]
