#!/usr/bin/env bash
# tests/services/prometheus/stop.sh PORT
set -euo pipefail
# shellcheck source=tests/services/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
finish prometheus "$1"
finish prometheus-gateway "$(($1 + 1))"
