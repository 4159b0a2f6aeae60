#!/bin/bash
# Builds the fault matrix and runs it; its options are those of main.ts.
set -euo pipefail
cd "$(dirname "$0")/../.."
npm run --silent build
rm -rf build/faults
node node_modules/typescript/bin/tsc -p test/faults/tsconfig.json
# What the compiled programs read beside themselves.
for folder in lab faults/node; do
  mkdir -p "build/faults/test/$folder"
  cp test/$folder/*.sh "build/faults/test/$folder/"
done
exec node build/faults/test/faults/main.js "$@"
