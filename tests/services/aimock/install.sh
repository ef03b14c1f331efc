#!/usr/bin/env bash
# Installs @copilotkit/aimock, a server that plays models and their faults. Quick when it is there already.
set -euo pipefail
# shellcheck source=tests/services/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

home=$(state aimock)
wanted="@copilotkit/aimock@1.43.0"

if [ "$(cat "$home/installed" 2>/dev/null || true)" = "$wanted" ]; then exit 0; fi
command -v npm >/dev/null || { echo "aimock/install: npm is not installed" >&2; exit 1; }
rm -rf "$home"
mkdir -p "$home"
cd "$home"
echo '{"private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts "$wanted"
printf '%s' "$wanted" >"$home/installed"
