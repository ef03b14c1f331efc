#!/usr/bin/env bash
# Installs GitHub's own description of its API and a server that holds requests to it. Quick when they are there already.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
home="${PROMPT_CICD_SERVICES:-$root/target/services}/github-openapi"
wanted="@octokit/openapi@23.0.2 @stoplight/prism-cli@5.14.2"

if [ -f "$home/installed" ] && [ "$(cat "$home/installed")" = "$wanted" ]; then exit 0; fi
command -v npm >/dev/null || { echo "github-openapi/install: npm is not installed" >&2; exit 1; }
rm -rf "$home"
mkdir -p "$home"
cd "$home"
echo '{"private": true}' >package.json
# shellcheck disable=SC2086 # one word for each package
npm install --silent --no-audit --no-fund --ignore-scripts $wanted
# Of 400 MB of descriptions two are read.
find node_modules/@octokit/openapi/generated -name '*.json' ! -name api.github.com.json ! -name ghes-3.19.json -delete
node "$here/prepare.mjs" node_modules/@octokit/openapi/generated/*.json
printf '%s' "$wanted" >"$home/installed"
