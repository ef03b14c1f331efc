#!/usr/bin/env bash
# Makes sure that PostgreSQL's server programs are here (Debian package postgresql).
#
#   tests/services/postgres/install.sh            install, or check what is installed
#   tests/services/postgres/install.sh --print    only print the folder of its programs
set -euo pipefail

fail() { echo "postgres/install: $*" >&2; exit 1; }

programs() {
  local folder
  for folder in /usr/lib/postgresql/*/bin "$(dirname "$(command -v postgres 2>/dev/null || echo /nowhere/postgres)")"; do
    if [ -x "$folder/postgres" ] && [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ]; then
      echo "$folder"
      return 0
    fi
  done
  return 1
}

if [ "${1:-}" = --print ]; then
  programs
  exit
fi
if ! programs >/dev/null; then
  if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
    fail "install PostgreSQL's server; on Debian and Ubuntu: apt-get install postgresql"
  fi
  # Its own server is not to start.
  (apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql) >/dev/null \
    || fail "apt-get could not install postgresql"
fi
folder="$(programs)" || fail "PostgreSQL is installed without initdb or pg_ctl"
echo "postgres: $("$folder/postgres" --version)"
