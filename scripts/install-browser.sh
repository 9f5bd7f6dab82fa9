#!/usr/bin/env bash
# Puts Debian's chromium in place for the page tests, where it is absent and can be installed.
# Never an error: without a browser the page tests say that they are skipped, and why.
set -uo pipefail

for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null; then
    echo "found: $(command -v "$name")"
    exit 0
  fi
done

if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo 'no browser, and apt-get as root is not at hand: the page tests will be skipped'
  exit 0
fi

export DEBIAN_FRONTEND=noninteractive
if timeout 120 apt-get update -qq && timeout 240 apt-get install -y -qq --no-install-recommends \
  chromium >/dev/null; then
  echo "installed: $(command -v chromium)"
else
  echo 'chromium could not be installed: the page tests will be skipped'
fi
