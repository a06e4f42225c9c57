#!/bin/sh
# Makes the README's picture, .github/check-run.png: the first check run of the demo as its
# page shows it. Wants chromium and a font with emoji.
set -eu
cd "$(dirname "$0")/.."
out=$(mktemp)
go build -o "$out.chiselbot" ./cmd/chiselbot
"$out.chiselbot" demo --open >"$out" &
demo=$!
trap 'kill $demo; rm -f "$out" "$out.chiselbot"' EXIT
until url=$(grep -o 'http://127[^/ ]*' "$out"); do sleep 0.2; done
run=$(curl --silent --fail "$url/cats/encyclopedia/pull/1" | grep -o '/cats/encyclopedia/runs/[0-9]*' | head -n 1)
chromium --headless --no-sandbox --hide-scrollbars --window-size=960,707 --screenshot=.github/check-run.png "$url$run" 2>/dev/null
