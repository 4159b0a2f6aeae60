#!/bin/bash
# Build, types, lint, format, unused code, shell, package and the quick unit tests; a line and its seconds for each.
# The slow unit tests and the lab run in all.sh. --built leaves the build out. KUBELATCH_TEST_RESULTS names a folder for vitest's
# results; without it, the slowest test files are named here.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
PATH=$PWD/node_modules/.bin:$PATH
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
mkdir "$logs/results"
results=${KUBELATCH_TEST_RESULTS:-$logs/results}
failed=()
declare -A running=()

# Tracked and new files; one that is deleted but not yet committed is neither.
files() {
  local file
  git ls-files -co --exclude-standard "$@" | sort -u | while IFS= read -r file; do
    [ ! -f "$file" ] || printf '%s\n' "$file"
  done
}
mapfile -t node_scripts < <(files 'src/*.sh')
mapfile -t other_scripts < <(files '*.sh' '.ci/run' | grep -v '^src/')

# The types step checks the same sources.
build() { tsc -p tsconfig.json --noCheck && npm run --silent build:shell; }
types() { tsc -p test/tsconfig.json; }
lint() { oxlint --deny-warnings .; }
format() { oxfmt --check .; }
unused() { knip --no-progress; }
# What runs on nodes arrives on a shell's stdin and has no first line that names one.
shellcheck_all() { shellcheck -s sh "${node_scripts[@]}" && shellcheck "${other_scripts[@]}"; }
shfmt_all() { shfmt -d -i 2 -ci "${node_scripts[@]}" "${other_scripts[@]}"; }

# The package holds all that runs, and nothing else: no tests, nothing whose source is gone.
package() {
  {
    files 'src/*.ts' 'src/*.sh' | sed 's|^src/|dist/|; s|\.ts$|.js|'
    files 'src/report/html/*.js' 'src/report/html/*.css' | sed 's|^src/|dist/|'
    files 'playbooks/*' 'schemas/*' 'man/*' CHANGELOG.md LICENSE README.md inventory.example.yaml package.json
  } | sort >"$logs/wanted"
  npm pack --dry-run --json 2>/dev/null | node -e '
    const [pack] = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
    for (const file of pack.files) console.log(file.path);' | sort >"$logs/packed"
  diff --label wanted --label packed -u "$logs/wanted" "$logs/packed" ||
    { echo 'Are there leftovers in dist? rm -r dist; npm run build' && return 1; }
}

# Nothing tells on which machine this was written: no path of this checkout, no package mirror.
places() {
  local here=$PWD/ pattern='://(deb|registry|proxy|mirror)\.|/(home|Users)/[a-z]+/(src|git|code|projects)/'
  [[ $here != /*/*/ ]] || pattern="$pattern|${here//./\\.}"
  mapfile -t all < <(files)
  ! grep -nIE -e "$pattern" -- "${all[@]}"
}

unit() {
  vitest run --config test/vitest.config.ts --project 'quick*' \
    --reporter=default --reporter=./test/results-reporter.ts "--outputFile.json=$results/unit.json"
}

tell() { printf '%-8s %-16s %4d s%s\n' "$1" "$2" "$3" "${4:+   $4}"; }

# A step in the background, its words kept for when it fails.
start() {
  {
    local began=$SECONDS status=0
    "$1" >"$logs/$1.log" 2>&1 || status=$?
    printf '%s %s\n' "$status" $((SECONDS - began)) >"$logs/$1.end"
  } &
  running[$1]=$!
}

finish() {
  local status seconds
  wait "${running[$1]}"
  read -r status seconds <"$logs/$1.end"
  if [ "$status" -eq 0 ]; then
    tell ok "$1" "$seconds"
  else
    tell FAILED "$1" "$seconds"
    sed 's/^/    /' "$logs/$1.log"
    failed+=("$1")
  fi
}

[ -d node_modules ] || { echo 'check: node_modules is missing: npm ci' >&2 && exit 1; }
[ "${1:-}" = --built ] || { start build && finish build; }
shell_steps=()
for tool in shellcheck shfmt; do
  if command -v "$tool" >/dev/null; then
    shell_steps+=("${tool}_all")
  else
    tell skipped "${tool}_all" 0 "$tool is not installed here (on Debian: test/setup.sh)"
  fi
done
steps=(types lint format unused package places "${shell_steps[@]}")
# The first unit tests mostly wait for an sshd, so the other steps run beside them.
for one in "${steps[@]}"; do start "$one"; done
began=$SECONDS unit_status=0
unit || unit_status=$?
for one in "${steps[@]}"; do finish "$one"; done
if [ "$unit_status" -eq 0 ]; then
  tell ok unit $((SECONDS - began))
else
  tell FAILED unit $((SECONDS - began))
  failed+=(unit)
fi
[ -n "${KUBELATCH_TEST_RESULTS:-}" ] || node test/sum-results.mjs "$results"
if [ ${#failed[@]} -gt 0 ]; then
  printf 'check: failed: %s\n' "${failed[*]}"
  exit 1
fi
printf 'check: all is well, %d s\n' "$SECONDS"
