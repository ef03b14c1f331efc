#!/usr/bin/env bash
set -euo pipefail
# shellcheck source=tests/services/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# tests/services/mlflow/start.sh PORT
port=$1
folder="$(state mlflow)"
# Its job workers take two gigabytes and nothing here needs them.
export MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false PATH="$folder/venv/bin:$PATH"
READY_TENTHS=1200 launch mlflow "$port" "curl -sf http://127.0.0.1:$port/health" \
  mlflow server --host 127.0.0.1 --port "$port" --workers 1 --backend-store-uri "sqlite:///$folder/$port.db" --default-artifact-root "$folder/artifacts"
echo "http://127.0.0.1:$port"
