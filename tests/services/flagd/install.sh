#!/usr/bin/env bash
set -euo pipefail
# shellcheck source=tests/services/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# Evaluators nobody here wrote: from PyPI and from npm. Prints their folder.
folder="$(state flagd)"
venv "$folder/venv" openfeature-flagd-core==2.0.0 openfeature-sdk==0.10.0
packages=(@openfeature/flagd-core@4.0.1 @openfeature/core@1.12.0)
if [ "$(cat "$folder/node" 2>/dev/null || true)" != "${packages[*]}" ]; then
  (cd "$folder" && npm install --no-save --no-fund --no-audit --silent "${packages[@]}") >&2
  echo "${packages[*]}" >"$folder/node"
fi
echo "$folder"
