#!/usr/bin/env bash
set -euo pipefail
# shellcheck source=tests/services/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# Evaluators nobody here wrote: from PyPI and from npm. Prints their folder.
folder="$(state flagd)"
[ -x "$folder/venv/bin/python" ] || { python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet openfeature-flagd-core==2.0.0 openfeature-sdk; }
[ -d "$folder/node_modules/@openfeature/flagd-core" ] || (cd "$folder" && npm install --no-fund --no-audit --silent @openfeature/flagd-core @openfeature/core)
echo "$folder"
