#!/usr/bin/env bash
# Speaks prompts into WAV files of A-law at 8 kHz, as telephones have them, the same ones each time: tools/prompts.sh TEXTS DIRECTORY
# A line of TEXTS is NAME, a tab, en or fi, a tab, and what is said; the file is DIRECTORY/LANGUAGE/NAME.wav.
# On Debian: apt-get install festival festvox-us-slt-hts festvox-suopuhe-lj sox
# Festival's voices are made of recorded speech and free to use; espeak-ng, made of formants, is a machine to anybody's ear.
set -euo pipefail
texts=$1 out=$2

declare -A voice=([en]=cmu_us_slt_arctic_hts [fi]=suo_fi_lj_diphone)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

while IFS=$'\t' read -r name language text; do
  [ -n "$name" ] || continue
  mkdir -p "$out/$language"
  iconv -f utf-8 -t latin1 <<<"$text" >"$scratch/text"
  text2wave -eval "(voice_${voice[$language]})" -o "$scratch/spoken.wav" "$scratch/text"
  # Silence off both ends, the telephone's band, one loudness, 50 ms of peace at each end; no random dither.
  sox -D "$scratch/spoken.wav" -e a-law -r 8000 -c 1 "$out/$language/$name.wav" \
    silence 1 0.02 0.2% reverse silence 1 0.02 0.2% reverse \
    gain -6 highpass 200 compand 0.01,0.2 -60,-60,-30,-18,-20,-14,0,-6 norm -3 pad 0.05 0.05
done <"$texts"
