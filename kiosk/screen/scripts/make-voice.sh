#!/bin/sh
# Makes the stand-in voice clips of the terminal from the texts, with espeak-ng and opus-tools:
#   apt-get install -y espeak-ng opus-tools sox
# A person's recordings replace them file by file: same folder, same name, Ogg Opus, mono.
# Run from the repository's root: sh kiosk/screen/scripts/make-voice.sh
set -eu
here=$(dirname "$0")
out=$here/../public/voice
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out/zh" "$out/en"
node --import tsx "$here/voice-list.ts" >"$work/list"
while IFS="$(printf '\t')" read -r folder name voice text; do
  espeak-ng -v "$voice" -s 150 -p 45 -w "$work/raw.wav" "$text"
  # Silence at both ends goes: amounts are put together from many clips.
  sox "$work/raw.wav" "$work/cut.wav" silence 1 0.01 0.5% reverse silence 1 0.01 0.5% reverse norm -3 pad 0.02 0.05
  opusenc --quiet --bitrate 14 --comp 10 "$work/cut.wav" "$out/$folder/$name.opus"
done <"$work/list"
du -sk "$out"
