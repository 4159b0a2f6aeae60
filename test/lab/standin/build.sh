#!/bin/bash
# Builds the stand-in programs kubelet, kube-apiserver and kube-controller-manager into OUTDIR.
set -euo pipefail
[ $# -eq 1 ] || {
  echo "usage: build.sh OUTDIR" >&2
  exit 64
}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
compiler=$(command -v cc || command -v gcc || true)
[ -n "$compiler" ] || {
  echo "build.sh: a C compiler is needed (apt-get install gcc libc6-dev)" >&2
  exit 1
}

node "$root/node_modules/typescript/bin/tsc" -p "$here/tsconfig.json" --outDir "$out/js"
printf '{ "type": "module" }\n' >"$out/js/package.json"
mkdir -p "$out/js/node_modules"
rm -rf "$out/js/node_modules/yaml"
cp -R "$root/node_modules/yaml" "$out/js/node_modules/yaml"

"$compiler" -O2 -Wall -Wextra -Werror -static -o "$out/.launcher" "$here/launcher.c"
for program in kubelet kube-apiserver kube-controller-manager; do
  # A running program's file cannot be written; a rename replaces it.
  cp "$out/.launcher" "$out/.$program.new"
  mv -f "$out/.$program.new" "$out/$program"
done
rm "$out/.launcher"
