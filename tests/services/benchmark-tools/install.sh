#!/usr/bin/env bash
set -euo pipefail
# shellcheck source=tests/services/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# Tools that measure, as others install them: pytest-benchmark and asv from PyPI, promptfoo and Vitest from npm, hyperfine,
# Google Benchmark, Catch2 and Go from Debian. Criterion comes from crates.io when run.sh builds its toy.
folder="$(state benchmark-tools)"
debian hyperfine libbenchmark-dev catch2 golang-go g++
venv "$folder/python" pytest==9.2.0 pytest-benchmark==5.3.1 asv==0.6.6 virtualenv==21.15.7

# npm_packages NAME FLAG PACKAGE...: below a folder of its own, without install scripts; once
npm_packages() {
  local place="$folder/$1"
  [ "$(cat "$place/installed" 2>/dev/null || true)" = "$*" ] && return 0
  rm -rf "$place"
  mkdir -p "$place"
  npm install --prefix "$place" --no-save --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error "${@:2}"
  echo "$*" >"$place/installed"
}
case $(uname -m) in x86_64) arch=x64 ;; *) arch=arm64 ;; esac
# promptfoo's optional dependencies are SDKs of 1.6 GB; of them only the database driver is needed. It wants a newer Node
# than many machines have, so it gets one of its own.
npm_packages promptfoo --omit=optional promptfoo@0.123.1 "node-linux-$arch@24.21.0" "@libsql/linux-$arch-gnu@0.5.29"
npm_packages vitest --include=optional vitest@3.2.4
