#!/usr/bin/env bash
set -euo pipefail
# shellcheck source=tests/services/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# tests/services/benchmark-tools/run.sh FOLDER: measures a toy twice with every tool, base and then head, where one benchmark
# (`slower`) does ten times as much, so that a busy machine cannot hide it, and another (`same`) the same; leaves each tool's own result in FOLDER/base and FOLDER/head.
out=$(realpath -m "$1")
tools="$(state benchmark-tools)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -rf "${out:?}/base" "${out:?}/head"
mkdir -p "$out/base" "$out/head"
case $(uname -m) in x86_64) arch=x64 ;; *) arch=arm64 ;; esac

# side NAME TIMES: everything once; `slower` does TIMES of the work
side() {
  local to="$out/$1" times=$2
  pytest_benchmark && asv && hyperfines && google && catch2 && golang && rust && vitest && promptfoo
}

pytest_benchmark() {
  mkdir -p "$work/pytest"
  cat >"$work/pytest/test_toy.py" <<PY
def work(n):
    return sum(i * i for i in range(n))
def test_slower(benchmark):
    benchmark.pedantic(work, args=(20_000 * $times,), rounds=30, warmup_rounds=3)
def test_same(benchmark):
    benchmark.pedantic(work, args=(20_000,), rounds=30, warmup_rounds=3)
PY
  (cd "$work/pytest" && "$tools/python/bin/python" -m pytest -q -p no:cacheprovider --benchmark-json="$to/pytest-benchmark.json" \
    --benchmark-save-data >/dev/null)
}

asv() {
  rm -rf "$work/asv"
  mkdir -p "$work/asv/benchmarks"
  cat >"$work/asv/asv.conf.json" <<'JSON'
{"version": 1, "project": "toy", "repo": ".", "benchmark_dir": "benchmarks", "environment_type": "existing", "results_dir": "results"}
JSON
  touch "$work/asv/benchmarks/__init__.py"
  cat >"$work/asv/benchmarks/toy.py" <<PY
class Sums:
    params = [10_000, 20_000]
    param_names = ["n"]
    rounds = 1
    repeat = 12
    number = 2
    warmup_time = 0.05
    def time_slower(self, n):
        sum(i * i for i in range($times * n))
    def time_same(self, n):
        sum(i * i for i in range(n))
PY
  (cd "$work/asv" && git init -q . && git add . && git -c user.name=a -c user.email=a@b commit -qm toy &&
    "$tools/python/bin/python" -m asv machine --yes >/dev/null &&
    "$tools/python/bin/python" -m asv run --python=same --set-commit-hash "$(git rev-parse HEAD)" --record-samples >"$work/asv.log" 2>&1) ||
    { tail -20 "$work/asv.log" >&2; return 1; }
  cp "$(find "$work/asv/results" -mindepth 2 -name '*-*.json' ! -name machine.json | head -1)" "$to/asv.json"
}

# Both sides measure under one name, or there would be nothing to compare.
hyperfines() {
  hyperfine -N --warmup 2 --runs 20 --style none --export-json "$to/hyperfine.json" \
    --command-name slower "sleep 0.$(printf %03d $((3 * times)))" --command-name same "sleep 0.003" >/dev/null 2>&1
}

google() {
  cat >"$work/toy.cpp" <<CPP
#include <benchmark/benchmark.h>
static void work(benchmark::State& state, long n) {
  for (auto _ : state) { double x = 0; for (long i = 0; i < n; i++) benchmark::DoNotOptimize(x += i * i); }
}
static void slower(benchmark::State& state) { work(state, 20000 * ${times}L); }
static void same(benchmark::State& state) { work(state, 20000); }
BENCHMARK(slower)->Repetitions(12);
BENCHMARK(same)->Repetitions(12);
BENCHMARK_MAIN();
CPP
  g++ -O1 "$work/toy.cpp" -o "$work/google" -lbenchmark -lpthread
  "$work/google" --benchmark_min_time=0.02 --benchmark_format=json >"$to/google-benchmark.json" 2>/dev/null
}

catch2() {
  cat >"$work/catch.cpp" <<CPP
#define CATCH_CONFIG_MAIN
#define CATCH_CONFIG_ENABLE_BENCHMARKING
#include <catch2/catch.hpp>
static double work(long n) { volatile double x = 0; for (long i = 0; i < n; i++) x = x + i * i; return x; }
TEST_CASE("toy") {
  BENCHMARK("slower") { return work(20000 * ${times}L); };
  BENCHMARK("same") { return work(20000); };
}
CPP
  g++ -O1 "$work/catch.cpp" -o "$work/catch"
  "$work/catch" --reporter xml --benchmark-samples 30 --benchmark-warmup-time 20 >"$to/catch2.xml"
}

golang() {
  mkdir -p "$work/go"
  printf 'module toy\n\ngo 1.19\n' >"$work/go/go.mod"
  cat >"$work/go/toy_test.go" <<GO
package toy
import "testing"
var sink float64
func work(n int) { x := 0.0; for i := 0; i < n; i++ { x += float64(i) * float64(i) }; sink = x }
func BenchmarkSlower(b *testing.B) { for i := 0; i < b.N; i++ { work(20000 * $times) } }
func BenchmarkSame(b *testing.B) { for i := 0; i < b.N; i++ { work(20000) } }
GO
  (cd "$work/go" && GOFLAGS=-mod=mod GOPROXY=off GOCACHE="$work/gocache" go test -run '^$' -bench . -benchmem -benchtime 20ms -count 12 >"$to/go.txt")
}

# Criterion, and libtest's own benchmarks, which stable compilers have when they are told to boot themselves.
rust() {
  local toy="$tools/rust"
  mkdir -p "$toy/benches" "$toy/src"
  cat >"$toy/Cargo.toml" <<'TOML'
[package]
name = "toy"
version = "0.0.0"
edition = "2021"
[dev-dependencies]
criterion = { version = "0.7", default-features = false }
[[bench]]
name = "with_criterion"
harness = false
[[bench]]
name = "with_libtest"
[workspace]
TOML
  printf 'pub fn work(n: u64) -> f64 { (0..n).map(|i| std::hint::black_box(i as f64) * i as f64).sum() }\n' >"$toy/src/lib.rs"
  cat >"$toy/benches/with_criterion.rs" <<RS
use criterion::{criterion_group, criterion_main, Criterion};
use std::time::Duration;
fn all(c: &mut Criterion) {
    let mut group = c.benchmark_group("toy");
    group.sample_size(20).warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(500));
    group.bench_function("slower", |b| b.iter(|| toy::work(20_000 * $times)));
    group.bench_function("same", |b| b.iter(|| toy::work(20_000)));
}
criterion_group!(benches, all);
criterion_main!(benches);
RS
  cat >"$toy/benches/with_libtest.rs" <<RS
#![feature(test)]
extern crate test;
#[bench]
fn slower(b: &mut test::Bencher) { b.iter(|| toy::work(20_000 * $times)) }
#[bench]
fn same(b: &mut test::Bencher) { b.iter(|| toy::work(20_000)) }
RS
  (cd "$toy" && export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$toy/target" && rm -rf target/criterion &&
    cargo bench --quiet --bench with_criterion >/dev/null 2>&1 && cargo bench --quiet --bench with_libtest >"$to/cargo-bench.txt" 2>/dev/null)
  (cd "$toy/target/criterion" && find . \( -path '*/new/sample.json' -o -path '*/new/benchmark.json' \) |
    while read -r file; do mkdir -p "$to/criterion/${file%/*}" && cp "$file" "$to/criterion/$file"; done)
}

vitest() {
  mkdir -p "$tools/vitest/toy"
  cat >"$tools/vitest/toy/toy.bench.js" <<JS
import { bench, describe } from "vitest";
const work = (n) => { let x = 0; for (let i = 0; i < n; i++) x += i * i; return x; };
describe("toy", () => {
  bench("slower", () => { work(200_000 * $times); }, { time: 200, warmupTime: 50 });
  bench("same", () => { work(200_000); }, { time: 200, warmupTime: 50 });
});
JS
  (cd "$tools/vitest/toy" && rm -f "$to/vitest.json" && npx --no-install vitest bench --run --outputJson "$to/vitest.json" >"$work/vitest.log" 2>&1) ||
    { tail -20 "$work/vitest.log" >&2; return 1; }
}

# The provider takes its time by itself: no network, no key.
promptfoo() {
  local place="$work/promptfoo" bin="$tools/promptfoo/node_modules"
  mkdir -p "$place"
  cat >"$place/provider.js" <<JS
module.exports = class {
  id() { return "toy"; }
  async callApi(prompt) {
    const slow = prompt.startsWith("slower") ? $((20 * times)) : 20;
    await new Promise((done) => setTimeout(done, slow));
    return { output: prompt + " yes", cost: 0.001, tokenUsage: { total: 10, prompt: 8, completion: 2 } };
  }
};
JS
  cat >"$place/promptfooconfig.json" <<'JSON'
{"prompts": [{"raw": "slower {{n}}", "label": "slower"}, {"raw": "same {{n}}", "label": "same"}], "providers": ["file://provider.js"],
 "defaultTest": {"assert": [{"type": "contains", "value": "yes"}]},
 "tests": [{"vars": {"n": 1}}, {"vars": {"n": 2}}, {"vars": {"n": 3}}, {"vars": {"n": 4}}, {"vars": {"n": 5}}, {"vars": {"n": 6}},
  {"vars": {"n": 7}}, {"vars": {"n": 8}}, {"vars": {"n": 9}}, {"vars": {"n": 10}}, {"vars": {"n": 11}}, {"vars": {"n": 12}}]}
JSON
  (cd "$place" && PROMPTFOO_DISABLE_TELEMETRY=1 PROMPTFOO_DISABLE_UPDATE=1 PROMPTFOO_DISABLE_REMOTE_GENERATION=1 \
    PROMPTFOO_CONFIG_DIR="$place/config" HTTP_PROXY=http://127.0.0.1:9 HTTPS_PROXY=http://127.0.0.1:9 NO_PROXY=127.0.0.1 \
    "$bin/node-linux-$arch/bin/node" "$bin/promptfoo/dist/src/entrypoint.js" eval -c promptfooconfig.json -j 1 --no-cache --no-write \
    --no-share --no-table --no-progress-bar -o "$to/promptfoo.json" >"$work/promptfoo.log" 2>&1) ||
    { tail -20 "$work/promptfoo.log" >&2; return 1; }
}

side base 1
side head 10
