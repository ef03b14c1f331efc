#!/usr/bin/env bash
# tests/services/prometheus/stop.sh [PORT GATEWAY]: without ports all of them
set -euo pipefail
# shellcheck source=tests/services/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
finish prometheus ${1+"$1"}
finish prometheus-gateway ${2+"$2"}
