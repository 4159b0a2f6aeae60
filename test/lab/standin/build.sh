#!/bin/bash
# Builds the stand-in programs kubelet, kube-apiserver and kube-controller-manager into OUTDIR.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/lab/standin/compile.sh
. "$here/compile.sh"
out=${1:?usage: build.sh OUTDIR}
mkdir -p "$out"
compile "$here" "$out"
for program in kubelet kube-apiserver kube-controller-manager; do
  # A running program's file cannot be written; a rename replaces it.
  cp "$out/.launcher" "$out/.$program.new"
  mv -f "$out/.$program.new" "$out/$program"
done
rm "$out/.launcher"
