#!/usr/bin/env bash
set -euo pipefail
# shellcheck source=tests/services/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# MLflow from PyPI, in a venv of its own.
venv="$(state mlflow)/venv"
[ -x "$venv/bin/mlflow" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet 'mlflow>=3,<4'; }
"$venv/bin/mlflow" --version
