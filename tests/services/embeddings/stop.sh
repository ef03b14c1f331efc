#!/usr/bin/env bash
# stop.sh [PORT...]: stops what start.sh started
set -euo pipefail
# shellcheck source=tests/services/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

finish embeddings "$@"
