#!/bin/bash
# Prepares a release: checks the tree and the changelog, runs the checks, packs, and tries the tarball on every Node.js it finds.
# It creates no tag and publishes nothing: the last lines are the commands that do.
#   scripts/release.sh                          stops at the first problem; the tarball stays in build/release
#   scripts/release.sh --dry-run                reports all problems and keeps nothing; also on a tree that is not clean
#   scripts/release.sh --dry-run --skip-checks  without npm run check
# KUBELATCH_NODES: folders, separated by colons, with other versions of Node.js. Each may hold bin/node, or one folder a version
# that does (as those of nvm, fnm and n do). The node on the PATH is always tried.
set -euo pipefail
cd "$(dirname "$0")/.." || exit 1

dry=no checks=yes
for word; do
  case $word in
    --dry-run) dry=yes ;;
    --skip-checks) checks=no ;;
    *)
      echo 'usage: scripts/release.sh [--dry-run [--skip-checks]]' >&2
      exit 64
      ;;
  esac
done
[ "$checks" = yes ] || [ "$dry" = yes ] || {
  echo 'release: --skip-checks goes only with --dry-run' >&2
  exit 64
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
problems=()
IFS=: read -ra roots <<<"${KUBELATCH_NODES:-}"
for root in "${roots[@]}"; do
  [ -d "$root" ] || {
    echo "release: KUBELATCH_NODES names $root, which is not a folder" >&2
    exit 64
  }
done

say() { printf 'release: %s\n' "$*"; }
# In a dry run all problems are listed at the end, else the first one is the last.
problem() { # WHAT HINT
  problems+=("$1 (hint: $2)")
  say "PROBLEM: $1"
  [ "$dry" = yes ] || {
    printf '  hint: %s\n' "$2" >&2
    exit 1
  }
}
field() { node -p "const p = require('./$1'); $2"; }

name=$(field package.json p.name)
version=$(field package.json p.version)
tag=v$version

check_tree() {
  local changes
  changes=$(git status --porcelain)
  [ -z "$changes" ] || problem "the working tree has $(wc -l <<<"$changes") uncommitted changes" 'commit or stash them'
  [ "$(git branch --show-current)" = main ] ||
    problem "this is branch $(git branch --show-current), not main" 'release from main'
  ! git rev-parse -q --verify "refs/tags/$tag" >/dev/null ||
    problem "the tag $tag exists" 'raise the version in package.json'
  [ "$(field package-lock.json p.version)" = "$version" ] ||
    problem "package-lock.json does not have version $version" 'npm install --package-lock-only'
}

# The section of this version is the first one, has a date, and says something.
check_changelog() {
  local section
  section=$(awk '/^## / { if (found) exit; found = 1 } found' CHANGELOG.md)
  local heading=${section%%$'\n'*}
  if ! [[ $heading =~ ^##\ \[?"$version"\]?(\ |$) ]]; then
    problem "CHANGELOG.md begins with \"$heading\", not with $version" "name its first section: ## [$version] - YYYY-MM-DD"
  elif ! [[ $heading =~ \ -\ [0-9]{4}-[0-9]{2}-[0-9]{2}$ ]]; then
    problem "the section of $version in CHANGELOG.md has no date" "name it: ## [$version] - $(date -u +%F)"
  elif ! grep -q '^- ' <<<"$section"; then
    problem "the section of $version in CHANGELOG.md lists no change" 'say what is new for a user'
  else
    say "CHANGELOG.md: $heading"
  fi
}

run_checks() {
  if [ "$checks" = no ]; then
    say 'NOT RUN: npm run check (--skip-checks)'
  else
    npm run --silent check || problem 'npm run check failed' 'its output is above'
  fi
}

# From an empty dist, so that nothing is packed whose source is gone.
pack() {
  rm -rf dist
  npm run --silent build
  mkdir "$work/pack"
  npm pack --silent --pack-destination "$work/pack" >/dev/null
  tarball=$(echo "$work"/pack/*.tgz)
  say "packed $(basename "$tarball"): $(tar tzf "$tarball" | wc -l) files, $(stat -c %s "$tarball") bytes"
}

# Made with the node on the PATH, and started where no other program is found.
bundle() {
  if [ "$(node -p 'process.platform + process.arch')" != linuxx64 ]; then
    say 'NOT MADE: the single executable, which is made on Linux x64'
    return
  fi
  node scripts/bundle.mjs "$work/bundle" >"$work/log" 2>&1 || {
    sed 's/^/    /' "$work/log"
    problem 'the single executable could not be made' 'npm run bundle'
    return
  }
  local said
  said=$(env -i HOME="$work" PATH="$work" "$work/bundle/$name-linux-x64" version) || true
  [ "$said" = "$name $version" ] || problem "the single executable says: $said" 'npm run bundle'
  say "made the single executable with Node.js $(node --version)"
}

# Folders with a program called node in them, the one on the PATH first.
node_folders() {
  dirname "$(command -v node)"
  local root
  for root in "${roots[@]}"; do
    find -L "$root" -maxdepth 5 -path '*/bin/node' -type f -perm -u+x -printf '%h\n' 2>/dev/null | sort
  done
}

# Installs the tarball into an empty folder, as a user does, and runs what needs each part of the package.
try_on() ( # FOLDER_OF_NODE
  fail() {
    echo "$1"
    exit 1
  }
  PATH=$1:$PATH
  place=$(mktemp -d "$work/try.XXXXXX")
  export HOME=$place XDG_CONFIG_HOME=$place/none
  { cd "$place" && npm init -y >/dev/null; } || fail 'no folder to install it into'
  npm install --silent --engine-strict --ignore-scripts --no-audit --no-fund "$tarball" || fail 'npm install failed'
  run() { "node_modules/.bin/$name" "$@" </dev/null; }
  said=$(run version) || fail "$name version failed"
  [ "$said" = "$name $version" ] || fail "$name version says: $said"
  run --help | grep -q '^Usage: ' || fail "$name --help does not show its usage"
  run explain anonymous-auth >/dev/null || fail 'the playbooks of the package cannot be read'
  run node-helper | sh -n || fail 'the shell programs of the package cannot be read'
)

# Sets `tried` and `left`: versions, and the majors of package.json's `engines` for which no Node.js was found.
try_all() {
  local folder found majors major seen=' '
  tried=() left=()
  while IFS= read -r folder; do
    found=$("$folder/node" --version) || continue
    [[ $seen != *" $found "* ]] || continue
    seen+="$found "
    if try_on "$folder" >"$work/log" 2>&1; then
      say "ok on Node.js $found"
      tried+=("$found")
    else
      sed 's/^/    /' "$work/log"
      problem "the tarball does not work on Node.js $found" "run it there by hand: PATH=$folder:\$PATH"
    fi
  done < <(node_folders)
  read -ra majors <<<"$(field package.json "p.engines.node.match(/(?<=[\\^=])\\d+/g).join(' ')")"
  for major in "${majors[@]}"; do
    [[ $seen == *" v$major."* ]] || left+=("$major")
  done
}

say "$name $version$([ "$dry" = no ] || echo ', dry run')"
check_tree
check_changelog
run_checks
pack
try_all
bundle

say "tried on Node.js: ${tried[*]:-none}"
[ ${#left[@]} -eq 0 ] || say "NOT TRIED on Node.js ${left[*]}: none was found; name folders in KUBELATCH_NODES"
if [ ${#problems[@]} -gt 0 ]; then
  say "not ready, ${#problems[@]} to fix:"
  printf '  - %s\n' "${problems[@]}"
  exit 1
fi
kept=build/release/$(basename "$tarball")
if [ "$dry" = no ]; then
  mkdir -p build/release
  mv "$tarball" "$kept"
  [ ! -d "$work/bundle" ] || mv "$work"/bundle/* build/release
fi
say 'ready. These commands release it; this script does not run them:'
cat <<COMMANDS
  git tag -a $tag -m '$name $version' && git push origin main $tag
  npm publish $kept
COMMANDS
