#!/usr/bin/env bash
# Lints our shell scripts with shellcheck.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v shellcheck >/dev/null; then
  echo "shellcheck is not installed: the shell scripts were not linted."
  [ -z "${CI:-}" ] || exit 1
  exit 0
fi
git ls-files -z -- '*.sh' .ci/run | xargs -0 shellcheck
