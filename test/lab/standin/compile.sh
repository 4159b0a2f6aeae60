# shellcheck shell=bash
# The steps that both builds of the lab's programs take; sourced by them.

# compile SOURCES OUTDIR: TypeScript to OUTDIR/js with the one package it needs, launcher.c to OUTDIR/.launcher
compile() {
  local root compiler
  root=$(cd "$1/../../.." && pwd)
  compiler=$(command -v cc || command -v gcc || true)
  [ -n "$compiler" ] || {
    echo "build.sh: a C compiler is needed (apt-get install gcc libc6-dev)" >&2
    return 1
  }
  node "$root/node_modules/typescript/bin/tsc" -p "$1/tsconfig.json" --outDir "$2/js" || return
  printf '{ "type": "module" }\n' >"$2/js/package.json"
  mkdir -p "$2/js/node_modules"
  rm -rf "$2/js/node_modules/yaml"
  cp -R "$root/node_modules/yaml" "$2/js/node_modules/yaml" || return
  "$compiler" -O2 -Wall -Wextra -Werror -static -o "$2/.launcher" "$1/launcher.c"
}
