#!/usr/bin/env bash
# Checks the Prometheus rules we ship, and runs their tests, with promtool.
set -euo pipefail
cd "$(dirname "$0")/../configs/prometheus" 2>/dev/null || exit 0

if ! command -v promtool >/dev/null; then
  echo "promtool is not installed: the alert rules were not checked (Debian: prometheus)."
  [ -z "${CI:-}" ] || exit 1
  exit 0
fi
shopt -s nullglob
for file in *.yml *.yaml; do
  case $file in
    *test*) promtool test rules "$file" ;;
    *rules* | *alerts*) promtool check rules "$file" ;;
    *) promtool check config --syntax-only "$file" ;;
  esac
done
