#!/bin/bash
# All tests, from nothing: what Debian has to give, npm's packages, the build, the checks, the scenarios on the lab.
#   all.sh standin   the checks, and the lab with its own small cluster
#   all.sh real      only the lab, with real kubelets
#   all.sh slow      only the slow unit tests, which need no lab
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
kind=${1:-standin}
case $kind in
  standin | real | slow) ;;
  *)
    echo 'usage: test/all.sh standin|real|slow' >&2
    exit 64
    ;;
esac

# Each step gets a process group of its own, so that it can be ended with all that it started.
set -m
results=$(mktemp -d)
export KUBELATCH_TEST_RESULTS=$results
failed=()
declare -A running=() began=()

# shellcheck source=test/lab/place.sh
. test/lab/place.sh
# Each lab has a state folder and a net of its own, so that all can be up at once: the scenarios mostly wait. The first four share those
# on kubeadm nodes, the fifth has the k3s and RKE2 nodes. A stand-in's node takes about 350 MB: all of them about 10 GB.
declare -A state net ours
number=0
for lab in first second third fourth supervised; do
  state[$lab]=$LAB_STATE-$lab
  net[$lab]=${LAB_NET%.*}.$(((${LAB_NET##*.} + number) % 256))
  number=$((number + 1))
done
state[first]=$LAB_STATE
in_lab() { # LAB COMMAND...
  KUBELATCH_LAB_STATE=${state[$1]} KUBELATCH_LAB_NET=${net[$1]} "${@:2}"
}
# A lab that is up, or that somebody is starting right now, is not ours to end.
is_free() { # LAB
  local lock
  lock=$(lock_of "${net[$1]}")
  [ ! -e "${state[$1]}/ready" ] && { [ ! -e "$lock" ] || flock -n "$lock" true; }
}
for lab in "${!state[@]}"; do
  ours[$lab]=no
  ! is_free "$lab" || ours[$lab]=yes
done

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
  local lab
  for lab in "${!state[@]}"; do
    [ "$(id -u)" -ne 0 ] || [ "${ours[$lab]}" = no ] || [ ! -d "${state[$lab]}" ] || in_lab "$lab" test/lab/down.sh
  done
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
  running[$1]=$! began[$1]=$SECONDS
}
finish() { # STEP
  local status took
  wait "${running[$1]}"
  status=$?
  took="took $((SECONDS - began[$1])) s, $SECONDS s since the start"
  unset "running[$1]"
  if [ "$status" -eq 0 ]; then
    printf '== done: %s (%s)\n' "${1//_/ }" "$took"
    return
  fi
  printf '== FAILED: %s (%s)\n' "${1//_/ }" "$took"
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
# The checks of the stand-in's run find the types out.
build() {
  if [ "$kind" = standin ]; then
    node_modules/.bin/tsc -p tsconfig.json --noCheck && npm run --silent build:shell
  else
    npm run --silent build
  fi
}
checks() { bash test/check.sh --built; }
slow_unit_tests() {
  node_modules/.bin/vitest run --config test/vitest.config.ts --project slow \
    --reporter=default --reporter=./test/results-reporter.ts "--outputFile.json=$results/slow-unit.json"
}
node_image() { test/lab/base.sh; }
kubernetes() { test/lab/kubernetes.sh; }
# part LAB N: of the files, one of as many parts as there are labs, as long as the others (test/e2e/sequencer.ts)
part() {
  local files=()
  ! kubelets_only || mapfile -t files < <(printf 'test/e2e/%s.e2e.ts\n' "${of_kubelets[@]}")
  everything_here || mapfile -t files < <(printf -- '--exclude=test/e2e/%s.e2e.ts\n' "${of_kubelets[@]}")
  KUBELATCH_LAB_KIND=$kind in_lab "$1" node_modules/.bin/vitest run --config test/e2e/vitest.config.ts --shard="$2/$parts" "${files[@]}" \
    --reporter=verbose --reporter=./test/results-reporter.ts "--outputFile.json=$results/lab-$1.json"
}
scenarios_first() { part first 1; }
scenarios_second() { part second 2; }
scenarios_third() { part third 3; }
scenarios_fourth() { part fourth 4; }
scenarios_supervised() {
  local files=()
  ! kubelets_only || files=(test/e2e/supervised-{apply,put-back}.e2e.ts)
  KUBELATCH_LAB_KIND=$kind in_lab supervised node_modules/.bin/vitest run --config test/e2e/vitest.supervised.config.ts "${files[@]}" \
    --reporter=verbose --reporter=./test/results-reporter.ts "--outputFile.json=$results/supervised.json"
}
# begin_scenarios LAB...: the first one's are shown as they run, the others' afterwards
begin_scenarios() {
  begin "scenarios_$1"
  for lab in "${@:2}"; do begin "scenarios_$lab" "$results/scenarios_$lab.log"; done
}
# They have ended their labs themselves; one that is there from then on is somebody else's.
finish_lab() { # LAB
  finish "scenarios_$1"
  [ -d "${state[$1]}" ] || ours[$1]=no
}
finish_scenarios() { # LAB...
  finish_lab "$1"
  for lab in "${@:2}"; do
    finish_lab "$lab" >"$results/scenarios_$lab.verdict"
    afterwards "scenarios_$lab"
  done
}
node_image_step() {
  heading "the lab's node image (made once, about a minute and a half)"
  step node_image
}
# Where real kubelets are to have their turn anyway, the stand-in need not show the same before them.
everything_here() { [ "$kind" = real ] || [ "${KUBELATCH_TEST_STANDIN:-everything}" != alone ]; }
# The slow unit tests have a command of their own, npm run test:slow. Where all of it is to run anyway, they need not wait.
slow_here() { [ "${KUBELATCH_TEST_SLOW:-apart}" = beside ]; }
# Where the stand-in has had its turn before, real kubelets need not show again what comes of the controller alone.
of_kubelets=(audit apply put-back rollback switch housekeeping client-ca extra-args
  benchmark bound-address config-text config-fuzz configz pending-edits
  serving drain deploy netpol guards)
kubelets_only() { [ "$kind" = real ] && [ "${KUBELATCH_TEST_REAL:-everything}" = kubelets ]; }
# afterwards STEP: what one that ran in the background has said
afterwards() {
  heading "${1//_/ }"
  cat "$results/$1.log" "$results/$1.verdict"
}
real_labs() {
  parts=2
  node_image_step || return
  heading 'real Kubernetes from its sources (built once, about ten minutes)'
  step kubernetes || return
  heading 'scenarios on real kubelets: half of those on kubeadm nodes; the others, and those on k3s and RKE2 nodes, are shown afterwards'
  ! kubelets_only || echo "LEFT OUT: all but ${of_kubelets[*]} supervised-apply supervised-put-back (KUBELATCH_TEST_REAL=kubelets)"
  begin_scenarios first second supervised
  finish_scenarios first second supervised
}
# The scenarios mostly wait for kubelets; what needs no lab is done meanwhile.
standin_labs() {
  local image=yes labs=(first second third fourth)
  # The slow unit tests take longer than three labs need.
  ! slow_here || labs=(first second third)
  parts=${#labs[@]}
  ! everything_here || labs+=(supervised)
  if slow_here; then
    # Where all of it is to run, the quick tests have the machine to themselves: the slow ones are enough beside the labs.
    heading checks
    step checks
  else
    heading 'checks begin; what they say is shown after the scenarios'
    echo 'LEFT OUT: the slow unit tests, which npm run test:slow runs (KUBELATCH_TEST_SLOW=beside)'
    begin checks "$results/checks.log"
  fi
  node_image_step || image=no
  if [ "$image" = yes ]; then
    heading 'scenarios on the stand-in: a part of those on kubeadm nodes; the others, and those on k3s and RKE2 nodes, are shown afterwards'
    everything_here || echo "LEFT OUT: those on k3s and RKE2 nodes and ${of_kubelets[*]}, which npm run test:real runs (KUBELATCH_TEST_STANDIN=alone)"
    begin_scenarios "${labs[@]}"
  fi
  if slow_here; then
    begin slow_unit_tests "$results/slow_unit_tests.log"
    finish slow_unit_tests >"$results/slow_unit_tests.verdict"
  else
    finish checks >"$results/checks.verdict"
  fi
  [ "$image" = no ] || finish_scenarios "${labs[@]}"
  if slow_here; then afterwards slow_unit_tests; else afterwards checks; fi
}

heading 'Debian packages (only what is missing; the first time about a minute)'
setup=$(bash test/setup.sh | tee >(grep -v '^LAB=' >&2) | tail -n 1)
heading 'npm packages (about 220 the first time, a few seconds to a minute)'
step npm_packages || exit 1
heading 'build'
step build || exit 1

if [ "$kind" = slow ]; then
  heading 'slow unit tests'
  step slow_unit_tests
elif [ "$setup" != LAB=yes ]; then
  [ "$kind" = real ] || {
    heading checks
    step checks
    ! slow_here || step slow_unit_tests
  }
  heading "SKIPPED: the scenarios on the lab: ${setup#LAB=no }"
else
  "${kind}_labs"
fi

echo
[ ${#failed[@]} -eq 0 ] || printf 'failed: %s\n' "${failed[*]}"
node test/sum-results.mjs "$results" && [ ${#failed[@]} -eq 0 ]
