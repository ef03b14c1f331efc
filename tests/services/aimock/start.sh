#!/usr/bin/env bash
set -euo pipefail
# shellcheck source=tests/services/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# tests/services/aimock/start.sh PORT: aimock on PORT with the answers and faults of answers.json. Prints its base URL.
port=$1
home=$(state aimock)
[ -f "$home/installed" ] || { echo "aimock is not installed yet; run tests/services/aimock/install.sh" >&2; exit 1; }
launch aimock "$port" "curl -fsS http://127.0.0.1:$port/__aimock/journal" \
  node "$home/node_modules/.bin/llmock" --port "$port" --host 127.0.0.1 --fixtures "$root/tests/services/aimock/answers.json" --log-level warn
echo "http://127.0.0.1:$port/v1"
