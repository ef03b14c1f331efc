#!/usr/bin/env bash
# Ends the server that start.sh started on a port, and removes its folder.
#
#   tests/services/postgres/stop.sh PORT
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../../.." && pwd)"
port="${1:-}"
[[ "$port" =~ ^[0-9]+$ ]] || { echo "postgres/stop: usage: stop.sh PORT" >&2; exit 1; }
state="${PROMPT_CICD_SERVICES:-$root/target/services}/postgres"
[ -f "$state/$port.folder" ] || exit 0
data="$(cat "$state/$port.folder")"
programs="$("$here/install.sh" --print)"
if [ -d "$data/pg" ]; then
  stop=("$programs/pg_ctl" -D "$data/pg" -m fast -w stop)
  if [ "$(id -u)" -eq 0 ]; then
    (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups "${stop[@]}") >/dev/null || true
  else
    "${stop[@]}" >/dev/null || true
  fi
  rm -rf "$data"
fi
rm -f "$state/$port.folder"
