#!/usr/bin/env bash
# Checks the systemd unit, where systemd is there to check it: that it is understood, and that it stays locked in.
set -euo pipefail
cd "$(dirname "$0")/.."
unit=configs/systemd/ringback.service

if ! command -v systemd-analyze >/dev/null; then
  echo "systemd-analyze is not installed: $unit was not checked."
  exit 0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# verify wants to see the programs; the one we build is not installed here.
sed 's#/usr/local/bin/ringback#/bin/true#' $unit >"$scratch/ringback.service"
found=$(systemd-analyze verify "$scratch/ringback.service" 2>&1)
[ -z "$found" ] || { echo "$found"; exit 1; }
systemd-analyze security --offline=true --threshold=25 "$scratch/ringback.service" | tail -n 1
