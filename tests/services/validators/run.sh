#!/usr/bin/env bash
# run.sh [FOLDER [OURS]]: checks the workflows, actions and Dockerfile of a repository; exit 0 only when every validator accepts them.
# Callers that people copy (workflows/) are checked as their copies. OURS holds the reusable workflows that FOLDER's workflows call.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
home="${PROMPT_CICD_SERVICES:-$root/target/services}/validators"
bin="$home/venv/bin"
cd "${1:-$root}"
ours=${2:-$PWD}

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

workflows=(.github/workflows/*.yml)
mapfile -t actions < <(find . -name action.yml -not -path './target/*' -not -path '*/node_modules/*' | sort)

check "zizmor" "$bin/zizmor" --quiet --offline --strict-collection --no-progress .
check "jactionlint" "$bin/jactionlint" --oneline --no-color
check "workflow schema" "$bin/check-jsonschema" --builtin-schema vendor.github-workflows "${workflows[@]}"
check "time limits" "$bin/check-jsonschema" --builtin-schema custom.github-workflows-require-timeout "${workflows[@]}"
# What people have in their repositories are workflows; actions and a Dockerfile may be there.
[ ${#actions[@]} -eq 0 ] || check "action schema" "$bin/check-jsonschema" --builtin-schema vendor.github-actions "${actions[@]}"
check "GitHub's parser" node "$here/github-parser.mjs" "$home" . "$ours"
# Its schema is older than the permissions `attestations` and `models`, which the others know.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
# shellcheck disable=SC2317 # check calls it
validate() {
  local failed=0
  for file in "${workflows[@]}" "${actions[@]}"; do
    mkdir -p "$copy/$(dirname "$file")"
    sed '/^ *attestations: write$/d; /^ *models: read/d' "$file" >"$copy/$file"
    (cd "$copy" && "$home/node_modules/.bin/action-validator" "$file") || failed=1
  done
  return "$failed"
}
check "action-validator" validate
[ ! -f Dockerfile ] || check "hadolint" "$bin/hadolint" --no-color Dockerfile
if [ -d workflows ]; then
  echo "the callers in workflows/:"
  callers="$copy/callers"
  mkdir -p "$callers/.github"
  cp -r workflows "$callers/.github/workflows"
  cp -r action.yml setup Dockerfile "$callers/"
  git -C "$callers" init --quiet
  "$here/run.sh" "$callers" "$PWD" || failed=1
fi
exit "$failed"
