#!/usr/bin/env bash
# stop.sh [PORT...]: stops what start.sh started
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

finish embeddings "$@"
