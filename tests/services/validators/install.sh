#!/usr/bin/env bash
# Installs what checks workflows and the action: programs that others wrote and keep. Quick when they are there already.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
home="${PROMPT_CICD_SERVICES:-$root/target/services}/validators"
wanted="zizmor==1.32.0 jactionlint==2.3.0 check-jsonschema==0.39.0"

if [ -f "$home/installed" ] && [ "$(cat "$home/installed")" = "$wanted" ]; then exit 0; fi
mkdir -p "$home"
python3 -m venv "$home/venv"
# shellcheck disable=SC2086 # one word for each package
"$home/venv/bin/pip" install --quiet --disable-pip-version-check $wanted
printf '%s' "$wanted" >"$home/installed"
