#!/usr/bin/env bash
# Ends servers that start.sh started.
#
#   tests/services/model/stop.sh [PORT...]     without a port: all of them
#
# A pid file whose process is no longer ours (the number was given to another program) is only removed.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../../.." && pwd)"
state="${PROMPT_CICD_SERVICES:-$root/target/services}/model"

# Succeeds when process $1 is a serve.py on port $2.
ours() {
  local line
  if [ -r "/proc/$1/cmdline" ]; then
    line="$(tr '\0' ' ' <"/proc/$1/cmdline")"
  else
    line="$(ps -p "$1" -o args= 2>/dev/null)" || return 1
  fi
  [[ "$line" == *"/serve.py "*"--port $2 "* ]]
}

if [ $# -eq 0 ]; then
  for file in "$state"/*.pid; do
    [ -e "$file" ] || continue
    file="${file##*/}"
    set -- "$@" "${file%.pid}"
  done
fi

for port in "$@"; do
  pidfile="$state/$port.pid"
  [ -f "$pidfile" ] || continue
  pid="$(cat "$pidfile")"
  if ours "$pid" "$port"; then
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 50); do
      ours "$pid" "$port" || break
      sleep 0.1
    done
    if ours "$pid" "$port"; then
      kill -9 "$pid" 2>/dev/null || true
    fi
  fi
  rm -f "$pidfile"
done
