#!/usr/bin/env bash
# Proves that each validator can fail: plants one error for each in a copy of the repository's workflows, actions and Dockerfile.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# planted NAME SED FILE: the validator NAME must find what the edit SED does to FILE.
planted() {
  rm -rf "$work/repo"
  mkdir -p "$work/repo"
  cp -r "$root/.github" "$root/action.yml" "$root/setup" "$root/Dockerfile" "$work/repo/"
  if [ -d "$root/workflows" ]; then cp -r "$root/workflows" "$work/repo/"; fi
  (cd "$work/repo" && git init --quiet && sed -i "$2" "$3")
  if cmp --quiet "$root/$3" "$work/repo/$3"; then
    echo "WRONG nothing is planted for $1: $3 has changed"
    exit 1
  fi
  # It must fail, and it must be this validator that says so.
  if "$here/run.sh" "$work/repo" >"$work/said"; then
    echo "WRONG nothing finds what was planted for $1"
    exit 1
  fi
  if grep -q "^WRONG $1\$" "$work/said"; then
    echo "ok    $1 finds a planted error"
  else
    echo "WRONG $1 does not find a planted error"
    exit 1
  fi
}

# shellcheck disable=SC2016 # the expression is GitHub's, not the shell's
planted "zizmor" 's|- run: bash .ci/run|- run: echo "${{ github.event.pull_request.title }}"|' .github/workflows/ci.yml
# shellcheck disable=SC2016 # the same
planted "zizmor" 's|run: bash .*|run: echo "${{ inputs.version }}"|' setup/action.yml
planted "jactionlint" 's|^  push:|  psuh:|' .github/workflows/ci.yml
planted "workflow schema" 's|runs-on:|run-on:|' .github/workflows/ci.yml
planted "time limits" '/timeout-minutes/d' .github/workflows/ci.yml
planted "action schema" 's|using: docker|using: doker|' action.yml
planted "GitHub's parser" 's|github.event.pull_request|guthib.event.pull_request|' .github/workflows/ci.yml
planted "action-validator" 's|timeout-minutes: |timeout-minutes: about |' .github/workflows/ci.yml
planted "hadolint" 's|^ENTRYPOINT .*|ENTRYPOINT /prompt-cicd|' Dockerfile
planted "GitHub's parser" 's|^      reason:|      reasn:|' workflows/emergency-rollback.yml
