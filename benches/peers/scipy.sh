#!/usr/bin/env bash
# Runs `prompt-cicd detect` and the same tests in scipy side by side on the same files, whole processes, and prints the ratios.
# scipy comes from PyPI into target/peers/scipy. The release binary must be built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
venv=target/peers/scipy
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import scipy' 2> /dev/null || "$venv/bin/pip" install --quiet scipy
"$venv/bin/python" - "${1:-target/release/prompt-cicd}" "$venv/bin/python" << 'PYTHON'
import json, random, statistics, subprocess, sys, tempfile, time
binary, python = sys.argv[1:]
peer = """
import json, sys
from scipy import stats
import numpy as np
d = json.load(open(sys.argv[1]))
a, b = np.array(d["baseline_values"]), np.array(d["current_values"])
print(stats.ttest_ind(a, b, equal_var=False), stats.ttest_ind(a, b), stats.mannwhitneyu(a, b), stats.ks_2samp(a, b))
print(a.mean(), b.mean(), np.quantile(a, [.25, .5, .75, .95, .99]), np.quantile(b, [.25, .5, .75, .95, .99]))
"""
def seconds(command, times):
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)
tests = "t_test,student_t,mann_whitney,kolmogorov_smirnov"
for n, times in ((10_000, 7), (1_000_000, 3)):
    rng = random.Random(1)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        values = lambda: [600 + 200 / (1 - rng.random()) ** 0.5 for _ in range(n)]
        json.dump({"baseline_values": values(), "current_values": values()}, file)
        file.flush()
        ours = seconds([binary, "detect", file.name, "--tests", tests, "--format", "json", "--no-fail"], times)
        theirs = seconds([python, "-c", peer, file.name], times)
    print(f"2 x {n}: prompt-cicd {ours * 1e3:.1f} ms, scipy {theirs * 1e3:.1f} ms, {theirs / ours:.1f} times as fast")
PYTHON
