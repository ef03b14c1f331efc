#!/usr/bin/env bash
# Starts a PostgreSQL server in a new folder, waits until it answers, and prints its address without a database.
#
#   tests/services/postgres/start.sh PORT
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../../.." && pwd)"
fail() { echo "postgres/start: $*" >&2; exit 1; }

port="${1:-}"
[[ "$port" =~ ^[0-9]+$ ]] || fail "usage: start.sh PORT"
programs="$("$here/install.sh" --print)" || fail "not installed yet; run $here/install.sh"
state="${PROMPT_CICD_SERVICES:-$root/target/services}/postgres"
mkdir -p "$state"

# PostgreSQL does not run as root, and its user may not see the folders of root.
as_user() { "$@"; }
data="$state/$port"
if [ "$(id -u)" -eq 0 ]; then
  id postgres >/dev/null 2>&1 || fail "there is no user postgres to run it as"
  as_user() { (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups "$@"); }
  data="$(mktemp -d "${TMPDIR:-/tmp}/prompt-cicd-postgres.XXXXXX")"
  chown postgres "$data"
fi
echo "$data" >"$state/$port.folder"
as_user "$programs/initdb" -D "$data/pg" -A trust -U postgres --no-sync >"$state/$port.log" 2>&1 || fail "initdb failed, see $state/$port.log"
as_user "$programs/pg_ctl" -D "$data/pg" -w -t 60 -l "$data/log" \
  -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$data" start >>"$state/$port.log" 2>&1 || {
  tail -n 20 "$data/log" >&2
  fail "the server did not start"
}
echo "postgres://postgres@127.0.0.1:$port"
