#!/usr/bin/env bash
# start.sh PORT: serves /v1/embeddings and /v1/models, and prints the base URL
set -euo pipefail
# shellcheck source=tests/services/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

port="${1:?usage: start.sh PORT}"
folder="$(state embeddings)"
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
launch embeddings "$port" "exec 3<>/dev/tcp/127.0.0.1/$port" \
  "$folder/venv/bin/python" "$here/embeddings/serve.py" --model "$folder/model" --port "$port"
echo "http://127.0.0.1:$port/v1"
