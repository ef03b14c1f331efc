#!/usr/bin/env bash
# Ends servers that start.sh started.
#
#   tests/services/github-openapi/stop.sh [PORT...]     without a port: all of them
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
home="${PROMPT_CICD_SERVICES:-$root/target/services}/github-openapi"

if [ $# -eq 0 ]; then
  for file in "$home"/*.pid; do
    [ -e "$file" ] || continue
    file=${file##*/}
    set -- "$@" "${file%.pid}"
  done
fi

for port in "$@"; do
  file="$home/$port.pid"
  [ -f "$file" ] || continue
  pid=$(cat "$file")
  # The number may have been given to another program since.
  line=$(ps -p "$pid" -o args= 2>/dev/null || true)
  if [[ "$line" == *"prism mock"*"--port $port "* ]]; then kill "$pid" 2>/dev/null || true; fi
  rm -f "$file"
done
