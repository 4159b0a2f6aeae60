#!/bin/bash
# Builds the model of the protocol and explores it; its options are those of main.ts.
set -euo pipefail
cd "$(dirname "$0")/../.."
rm -rf build/model
node node_modules/typescript/bin/tsc -p test/model/tsconfig.json
exec node --max-old-space-size=4096 build/model/test/model/main.js "$@"
