#!/usr/bin/env bash
# Sees to the programs that tests and checks talk to: a real proxy, real phones, a real carrier, real readers of what we
# write. On Debian and as root it installs what is missing; elsewhere it says what to install. In CI a missing one is an
# error, as the tests that need it would be skipped.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

# program=Debian package
wanted=(
  kamailio=kamailio
  sipp=sip-tester
  baresip=baresip-core
  tshark=tshark
  promtool=prometheus
  curl=curl
  openssl=openssl
  chromium=chromium
)
# What a developer may do without, CI may not: the race detector's compiler, the shell scripts' linter.
[ -z "${CI:-}" ] || wanted+=(gcc=gcc gcc=libc6-dev shellcheck=shellcheck)

missing=()
for pair in "${wanted[@]}"; do
  command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
done
# Kamailio's presence has no program of its own.
compgen -G '/usr/lib/*/kamailio/modules/pua_dialoginfo.so' >/dev/null || missing+=(kamailio-presence-modules)
# The checks of the app's pages and scripts come from npm; where there is no Node.js at all, Debian's will do.
command -v npm >/dev/null || missing+=(nodejs npm)

# node_modules: what package-lock.json names, and nothing else.
checks() {
  local at
  at=$(dirname "$0")/web
  [ ! -e "$at/node_modules/.package-lock.json" ] || [ "$at/package-lock.json" -nt "$at/node_modules/.package-lock.json" ] || return 0
  npm ci --prefix "$at" --silent </dev/null
}
if [ ${#missing[@]} -eq 0 ]; then
  checks
  exit 0
fi

if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "Not installed: ${missing[*]}. Tests that need them are skipped and say so. On Debian and Ubuntu:"
  echo "  sudo apt-get install --no-install-recommends ${missing[*]}"
  [ -z "${CI:-}" ] || exit 1
  exit 0
fi

echo "Installing ${missing[*]} …"
# Two of the packages bring services; 101 tells Debian's scripts not to start them (invoke-rc.d(8)).
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod 755 $policy
  trap 'rm -f $policy' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq </dev/null
apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null

# Nor shall they start at the next boot: they came for the tests.
if [ -d /run/systemd/system ]; then
  for package in "${missing[@]}"; do
    case $package in
      kamailio) systemctl disable --now --quiet kamailio.service ;;
      prometheus) systemctl disable --now --quiet prometheus.service ;;
    esac
  done
fi
checks
