#!/bin/bash
# Builds the lab's k3s and rke2 into OUTDIR, which a node sees as /opt/supervisor.
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
cp -R "$root/node_modules/yaml" "$out/js/node_modules/yaml"
"$compiler" -O2 -Wall -Wextra -Werror -static -o "$out/k3s" "$here/launcher.c"
for program in rke2 kubelet etcd kube-apiserver crictl containerd-shim-runc-v2; do
  cp "$out/k3s" "$out/$program"
done
