#!/usr/bin/env bash
# tests/services/haproxy/stop.sh [PORT]: without a port all of them
set -euo pipefail
# shellcheck source=tests/services/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
finish haproxy "$@"
