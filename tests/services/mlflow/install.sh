#!/usr/bin/env bash
set -euo pipefail
# shellcheck source=tests/services/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# MLflow from PyPI, in a venv of its own.
folder="$(state mlflow)"
venv "$folder/venv" mlflow==3.17.2
"$folder/venv/bin/mlflow" --version
