#!/usr/bin/env bash
# Proves that each validator can fail: plants one error for each in a copy of the repository's workflows and action.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# planted NAME SED FILE: the validator NAME must find what the edit SED does to FILE.
planted() {
  rm -rf "$work/repo"
  mkdir -p "$work/repo"
  cp -r "$root/.github" "$root/action.yml" "$work/repo/"
  (cd "$work/repo" && git init --quiet && sed -i "$2" "$3")
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
planted "jactionlint" 's|^  push:|  psuh:|' .github/workflows/ci.yml
planted "workflow schema" 's|runs-on:|run-on:|' .github/workflows/ci.yml
planted "time limits" '/timeout-minutes/d' .github/workflows/ci.yml
planted "action schema" 's|using: docker|using: doker|' action.yml
