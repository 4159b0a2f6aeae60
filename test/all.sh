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
# The k3s and RKE2 nodes are a lab of their own, on the net after the first one's, so that both can be up at once.
second_state=$LAB_STATE-supervised
second_net=${LAB_NET%.*}.$(((${LAB_NET##*.} + 1) % 256))
in_second() { KUBELATCH_LAB_STATE=$second_state KUBELATCH_LAB_NET=$second_net "$@"; }
# A lab that is up, or that somebody is starting right now, is not ours to end.
is_free() { # STATE LOCK
  [ ! -e "$1/ready" ] && { [ ! -e "$2" ] || flock -n "$2" true; }
}
ours=no second_ours=no
! is_free "$LAB_STATE" "$(lock_of "$LAB_NET")" || ours=yes
! is_free "$second_state" "$(lock_of "$second_net")" || second_ours=yes

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
  if [ "$(id -u)" -eq 0 ]; then
    [ "$ours" = no ] || [ ! -d "$LAB_STATE" ] || test/lab/down.sh
    [ "$second_ours" = no ] || [ ! -d "$second_state" ] || in_second test/lab/down.sh
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
  elif [ -L node_modules ]; then
    # npm would empty the folder that the link leads to, whoever else uses it.
    echo "node_modules is a link, and older than package-lock.json: bring $(readlink -f node_modules) up to date, or remove the link" >&2
    return 1
  else
    npm ci
  fi
}
build() { npm run --silent build; }
checks() { bash test/check.sh --built; }
node_image() { test/lab/base.sh; }
kubernetes() { test/lab/kubernetes.sh; }
scenarios() {
  local files=()
  ! kubelets_only || mapfile -t files < <(printf 'test/e2e/%s.e2e.ts\n' "${of_kubelets[@]}")
  KUBELATCH_LAB_KIND=$kind node_modules/.bin/vitest run --config test/e2e/vitest.config.ts "${files[@]}" \
    --reporter=verbose --reporter=json "--outputFile.json=$results/lab.json"
}
scenarios_on_k3s_and_rke2() {
  local files=()
  ! kubelets_only || files=(test/e2e/supervised-{apply,put-back}.e2e.ts)
  KUBELATCH_LAB_KIND=$kind in_second node_modules/.bin/vitest run --config test/e2e/vitest.supervised.config.ts "${files[@]}" \
    --reporter=verbose --reporter=json "--outputFile.json=$results/supervised.json"
}
# They have ended their labs themselves; one that is there from now on is somebody else's.
finish_scenarios() {
  finish scenarios
  [ -d "$LAB_STATE" ] || ours=no
}
finish_scenarios_on_k3s_and_rke2() {
  finish scenarios_on_k3s_and_rke2
  [ -d "$second_state" ] || second_ours=no
}
node_image_step() {
  heading "the lab's node image (made once, about a minute and a half)"
  step node_image
}
# Where the real kubelets are to have their turn anyway, the stand-in's need not come before them.
supervised_here() { [ "${KUBELATCH_TEST_SUPERVISED:-everywhere}" != real ]; }
# Where the stand-in has had its turn before, real kubelets need not show again what comes of the controller alone.
of_kubelets=(audit apply put-back rollback switch housekeeping client-ca extra-args)
kubelets_only() { [ "$kind" = real ] && [ "${KUBELATCH_TEST_REAL:-everything}" = kubelets ]; }
# afterwards STEP: what one that ran in the background has said
afterwards() {
  heading "${1//_/ }"
  cat "$results/$1.log" "$results/$1.verdict"
}
# What real kubelets need of the machine is theirs: one thing after the other.
real_labs() {
  node_image_step || return
  heading 'real Kubernetes from its sources (built once, about ten minutes)'
  step kubernetes || return
  heading 'scenarios on the lab (real)'
  ! kubelets_only || echo "LEFT OUT: all but ${of_kubelets[*]} (KUBELATCH_TEST_REAL=kubelets)"
  begin scenarios
  finish_scenarios
  heading 'scenarios on k3s and RKE2 nodes (real kubelets)'
  ! kubelets_only || echo 'LEFT OUT: supervised-refusal (KUBELATCH_TEST_REAL=kubelets)'
  begin scenarios_on_k3s_and_rke2
  finish_scenarios_on_k3s_and_rke2
}
# The scenarios mostly wait for kubelets; what needs no lab is done meanwhile, and then the second lab's.
all_at_once() {
  local image=yes
  heading 'checks and unit tests begin; what they say is shown after the scenarios'
  begin checks "$results/checks.log"
  node_image_step || image=no
  if [ "$image" = yes ]; then
    heading 'scenarios on the lab (standin); those on k3s and RKE2 nodes run beside it and are shown afterwards'
    supervised_here || echo 'LEFT OUT: those on k3s and RKE2 nodes, which npm run test:real runs (KUBELATCH_TEST_SUPERVISED=real)'
    begin scenarios
  fi
  finish checks >"$results/checks.verdict"
  if [ "$image" = yes ]; then
    ! supervised_here || begin scenarios_on_k3s_and_rke2 "$results/scenarios_on_k3s_and_rke2.log"
    finish_scenarios
    if supervised_here; then
      finish_scenarios_on_k3s_and_rke2 >"$results/scenarios_on_k3s_and_rke2.verdict"
      afterwards scenarios_on_k3s_and_rke2
    fi
  fi
  afterwards checks
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
  real_labs
else
  all_at_once
fi

echo
[ ${#failed[@]} -eq 0 ] || printf 'failed: %s\n' "${failed[*]}"
node test/sum-results.mjs "$results" && [ ${#failed[@]} -eq 0 ]
