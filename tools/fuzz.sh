#!/usr/bin/env bash
# Runs every fuzz target of the packages, one after the other: tools/fuzz.sh 10m ./...
set -euo pipefail
each=$1
shift

# One listing for all packages: names first, then the package that they are of.
targets=$(go test -list '^Fuzz' "$@" | awk '/^Fuzz/ { names[++n] = $1 } /^ok/ { for (i = 1; i <= n; i++) print $2, names[i]; n = 0 }')
[ -n "$targets" ] || { echo "No fuzz target found." >&2; exit 1; }

while read -r package target; do
  echo "== $package $target, $each"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "$each" -fuzzminimizetime 20x "$package" </dev/null
done <<<"$targets"
echo "$(wc -l <<<"$targets") fuzz targets ran clean for $each each"
