#!/usr/bin/env bash
# Checks the types of the app's scripts, which say them in comments. Nothing is built: browsers get the files as they are.
set -euo pipefail
cd "$(dirname "$0")/web"

if [ ! -x node_modules/.bin/tsc ]; then
  echo "The TypeScript compiler is not installed: the app's scripts were not checked. To install it: npm ci --prefix tools/web"
  [ -z "${CI:-}" ] || exit 1
  exit 0
fi
node_modules/.bin/tsc -p tsconfig.json
node_modules/.bin/tsc -p tsconfig.worker.json
