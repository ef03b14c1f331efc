#!/usr/bin/env bash
# Starts a server that answers as GitHub's own description of its API says, and refuses requests that are against it.
# Prints its base URL once it answers.
#
#   tests/services/github-openapi/start.sh PORT [api.github.com | ghes-3.19]
#
# It keeps no state: what GitHub does is the fake's part (tests/suite/support/github).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
home="${PROMPT_CICD_SERVICES:-$root/target/services}/github-openapi"
port=${1:-}
description=${2:-api.github.com}

fail() { echo "github-openapi/start: $*" >&2; exit 1; }
[[ "$port" =~ ^[0-9]+$ ]] || fail "usage: start.sh PORT [DESCRIPTION]"
[ -f "$home/installed" ] || fail "not installed yet; run $here/install.sh"
file="$home/node_modules/@octokit/openapi/generated/$description.json"
[ -f "$file" ] || fail "there is no description $description"

log="$home/$port.log"
nohup node "$home/node_modules/.bin/prism" mock --host 127.0.0.1 --port "$port" "$file" >"$log" 2>&1 </dev/null &
pid=$!
echo "$pid" >"$home/$port.pid"
for _ in $(seq 600); do
  # Its own word, since another server might answer on this port.
  if grep -q "Prism is listening" "$log"; then echo "http://127.0.0.1:$port"; exit 0; fi
  kill -0 "$pid" 2>/dev/null || break
  sleep 0.1
done
kill "$pid" 2>/dev/null || true
rm -f "$home/$port.pid"
tail -n 20 "$log" >&2
fail "it did not start; its log is above"
