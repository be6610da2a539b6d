#!/usr/bin/env bash
# Lists the tests that a run of `go test -json` skipped. In CI a skipped test is a failed one: it proves nothing.
set -euo pipefail
report=$1

skipped=$(sed -n 's/.*"Action":"skip","Package":"\([^"]*\)","Test":"\([^"]*\)".*/  \1 \2/p' "$report" | sort -u)
if [ -n "${CI:-}" ] && ! grep -q '"Action":"pass".*"Test":' "$report"; then
  echo "No test ran." >&2
  exit 1
fi
[ -n "$skipped" ] || exit 0
echo "Skipped, each says what it needs:"
echo "$skipped"
[ -z "${CI:-}" ] || { echo "A skip in CI is a failure." >&2; exit 1; }
