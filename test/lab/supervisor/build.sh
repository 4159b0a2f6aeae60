#!/bin/bash
# Builds the lab's k3s and rke2 into OUTDIR, which a node sees as /opt/supervisor.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/lab/standin/compile.sh
. "$here/../standin/compile.sh"
out=${1:?usage: build.sh OUTDIR}
mkdir -p "$out"
compile "$here" "$out"
for program in k3s rke2 kubelet etcd kube-apiserver crictl containerd-shim-runc-v2; do
  cp "$out/.launcher" "$out/$program"
done
rm "$out/.launcher"
