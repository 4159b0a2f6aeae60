#!/bin/bash
# Joins the simulation with the sources of kubelatch, then plays histories; the options are those of main.ts.
set -euo pipefail
cd "$(dirname "$0")/../.."
node test/histories/bundle.mjs "$@"
exec node build/histories/main.mjs "$@"
