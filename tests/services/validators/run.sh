#!/usr/bin/env bash
# run.sh [FOLDER]: checks the workflows and actions of a repository; exit 0 only when every validator accepts them.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
bin="${PROMPT_CICD_SERVICES:-$root/target/services}/validators/venv/bin"
cd "${1:-$root}"

failed=0
check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    echo "ok    $name"
  else
    echo "WRONG $name"
    # Their colours and links are of no use in a log.
    printf '%s\n' "$output" | head -n 40 | sed 's/^/      /'
    failed=1
  fi
}

check "zizmor" "$bin/zizmor" --quiet --offline --strict-collection --no-progress .
check "jactionlint" "$bin/jactionlint" --oneline --no-color
check "workflow schema" "$bin/check-jsonschema" --builtin-schema vendor.github-workflows .github/workflows/*.yml
check "time limits" "$bin/check-jsonschema" --builtin-schema custom.github-workflows-require-timeout .github/workflows/*.yml
check "action schema" "$bin/check-jsonschema" --builtin-schema vendor.github-actions action.yml
exit "$failed"
