#!/usr/bin/env bash
set -euo pipefail
# shellcheck source=tests/services/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# A browser, from Debian where there is none, and what drives it from npm. Prints their folder.
command -v chromium >/dev/null || command -v google-chrome >/dev/null || debian chromium fonts-dejavu-core
folder="$(state chromium)"
package=puppeteer-core@24.43.1
if [ "$(cat "$folder/installed" 2>/dev/null || true)" != "$package" ]; then
  echo '{"private": true}' >"$folder/package.json"
  (cd "$folder" && npm install --silent --no-fund --no-audit --ignore-scripts "$package") >&2
  echo "$package" >"$folder/installed"
fi
echo "$folder"
