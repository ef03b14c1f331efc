#!/usr/bin/env bash
set -euo pipefail
# shellcheck source=tests/services/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# Prometheus and its Pushgateway from Debian.
debian prometheus prometheus-pushgateway
