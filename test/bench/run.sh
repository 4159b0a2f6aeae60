#!/bin/bash
# Builds kubelatch and the benchmark, and runs it; its options are those of options.ts. --setup only installs the peers.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "${1:-}" != --setup ] || exec bash test/bench/setup.sh
[ "$(id -u)" -eq 0 ] || {
  echo 'bench: it boots a node of the lab, and needs root' >&2
  exit 1
}
# A lab of its own, beside one that somebody works with.
export KUBELATCH_LAB_STATE=${KUBELATCH_LAB_STATE:-/var/lib/kubelatch-lab-bench} KUBELATCH_LAB_NET=${KUBELATCH_LAB_NET:-10.78.0}
# npm run check looks at the types.
compile() { node node_modules/typescript/bin/tsc --noCheck "$@"; }
compile -p tsconfig.json
npm run --silent build:shell
rm -rf build/bench
compile -p test/bench/tsconfig.json
# What the compiled program reads beside itself.
cp src/node/*.sh build/bench/src/node/
if [ "${1:-}" = --bastion ]; then
  cp -r test/nodes/kubeadm-weak build/bench/test/nodes/
  # Addresses and users of its own.
  exec unshare --net --mount node build/bench/test/bench/bastion.js "$@"
fi
exec node build/bench/test/bench/main.js "$@"
