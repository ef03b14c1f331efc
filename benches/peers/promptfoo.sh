#!/usr/bin/env bash
# Runs the workloads of benches/speed.rs, and a single case, on promptfoo and on prompt-cicd, one after the other on the
# same machine: benches/peers/promptfoo.sh [BINARY]. BINARY is target/release/prompt-cicd when not given; where it is not
# built, only promptfoo is measured.
#
# Needs node with npm, python3 and 500 MB below target/. Takes a minute for the first install and at most five in all.
#
# What is in promptfoo's favour: it keeps no results of its own (--no-write) and draws no table. Its echo provider gives
# back the whole prompt and ours the last message, both of which pass the three assertions.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
ours=$(realpath -m "${1:-$repo/target/release/prompt-cicd}")
home=$repo/target/peers/promptfoo
promptfoo_version=0.123.1
node_version=24.21.0
libsql_version=0.5.29

case $(uname -sm) in
  "Linux x86_64") arch=x64 ;;
  "Linux aarch64") arch=arm64 ;;
  *) echo "only Linux on x86-64 and ARM64 is supported" >&2; exit 1 ;;
esac
for tool in node npm python3; do
  command -v "$tool" >/dev/null || { echo "$tool is missing" >&2; exit 1; }
done

# promptfoo needs a newer Node than many machines have, so it gets one of its own, also from npm. Its optional
# dependencies are SDKs of providers that are not used here (1.6 GB); of them only the database driver is needed to start.
# No install scripts: one of them would download a browser.
installed="promptfoo $promptfoo_version, node $node_version, libsql $libsql_version"
if [ "$(cat "$home/installed" 2>/dev/null)" != "$installed" ]; then
  echo "installing $installed below target/peers" >&2
  rm -rf "$home"
  mkdir -p "$home"
  npm install --prefix "$home" --no-save --no-package-lock --ignore-scripts --omit=optional --no-audit --no-fund --loglevel=error \
    "promptfoo@$promptfoo_version" "node-linux-$arch@$node_version" "@libsql/linux-$arch-gnu@$libsql_version" >&2
  echo "$installed" >"$home/installed"
fi

work=$(mktemp -d)
server=""
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Answers each chat completion 50 ms after it has been read; GET tells how many were asked since the last GET, and how
# many of them were open at once.
cat >"$work/server.py" <<'PY'
import asyncio
import json
import os
import sys

ANSWER = json.dumps({
    "model": "fake",
    "choices": [{"message": {"role": "assistant", "content": "Ana"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 1},
}).encode()


class Client(asyncio.Protocol):
    asked = now = most = 0

    def connection_made(self, transport):
        self.transport, self.data = transport, b""

    def data_received(self, data):
        self.data += data
        while b"\r\n\r\n" in self.data:
            head, rest = self.data.split(b"\r\n\r\n", 1)
            size = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
            size = int(size or 0)
            if len(rest) < size:
                return
            self.data = rest[size:]
            if head.startswith(b"GET "):
                self.answer(json.dumps({"asked": Client.asked, "most": Client.most}).encode())
                Client.asked = Client.most = 0
            else:
                Client.asked += 1
                Client.now += 1
                Client.most = max(Client.most, Client.now)
                asyncio.get_running_loop().call_later(0.05, self.complete)

    def complete(self):
        Client.now -= 1
        self.answer(ANSWER)

    def answer(self, body):
        self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body)


async def main():
    server = await asyncio.get_running_loop().create_server(Client, "127.0.0.1", 0, backlog=1024)
    with open(sys.argv[1] + ".new", "w") as file:
        file.write(str(server.sockets[0].getsockname()[1]))
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    await server.serve_forever()


asyncio.run(main())
PY

# measure.py LIMIT LOG COMMAND...: prints seconds, peak memory in MB and the exit status, which is "late" for a program
# that was stopped at the limit. The peak is the larger of two: what the kernel recorded for the largest process, and the
# sum over the whole tree as seen every 20 ms. Python imports little here, as its own size is the least that can be told.
cat >"$work/measure.py" <<'PY'
import os
import signal
import sys
import threading
import time

PAGE = os.sysconf("SC_PAGE_SIZE")
limit, log, command = float(sys.argv[1]), sys.argv[2], sys.argv[3:]
out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
done = threading.Event()
seen = 0
late = False


def tree(pid):
    with open(f"/proc/{pid}/statm") as file:
        size = int(file.read().split()[1]) * PAGE
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        children = file.read().split()
    return size + sum(map(tree, children))


def watch():
    global seen, late
    while not done.wait(0.02):
        try:
            seen = max(seen, tree(pid))
        except (OSError, IndexError):
            pass
        if not late and time.monotonic() - begin > limit:
            late = True
            os.killpg(pid, signal.SIGKILL)


begin = time.monotonic()
actions = [(os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, out, 2)]
pid = os.posix_spawnp(command[0], command, os.environ, file_actions=actions, setpgroup=0)
threading.Thread(target=watch, daemon=True).start()
try:
    _, status, usage = os.wait4(pid, 0)
except BaseException:
    os.killpg(pid, signal.SIGKILL)
    raise
took = time.monotonic() - begin
done.set()
print(took, max(seen, usage.ru_maxrss * 1024) / 1e6, "late" if late else os.waitstatus_to_exitcode(status))
PY

cat >"$work/compare.py" <<'PY'
import json
import os
import subprocess
import sys
import urllib.request
from statistics import median

work, home, arch, ours, port, versions = sys.argv[1:]
BASE = f"http://127.0.0.1:{port}"
NODE = f"{home}/node_modules/node-linux-{arch}/bin/node"
CLEAN = {name: value for name, value in os.environ.items()
         if not name.startswith(("PROMPTFOO_", "OPENAI_", "NODE_")) and not name.lower().endswith("_proxy")}
# With telemetry disabled promptfoo still reports to its makers that it is. The proxy that nobody answers for keeps that,
# and everything else that is not for this machine, from leaving it.
QUIET = {
    "PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1", "PROMPTFOO_DISABLE_SHARING": "1",
    "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1", "PROMPTFOO_CONFIG_DIR": f"{home}/config", "PROMPTFOO_LOG_DIR": f"{home}/config/logs",
    "HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1",
}
THREE = ('[{contains: "{{name}}"}, {regex: \'\\d+\'}, is-json]',
         [{"type": "contains", "value": "{{name}}"}, {"type": "regex", "value": "\\d+"}, {"type": "is-json"}])
ONE = ("[{contains: Ana}]", [{"type": "contains", "value": "Ana"}])
ECHO = ("{kind: echo}", "echo")
MODEL = (f'{{kind: openai, base-url: "{BASE}/v1", model: fake}}',
         {"id": "openai:chat:fake", "config": {"apiBaseUrl": f"{BASE}/v1", "apiKey": "none"}})
# Name, cases, provider, how many at once, assertions, runs, seconds until a run is stopped.
WORKLOADS = [
    ("1 case × 3 assertions, echo", 1, ECHO, 4, THREE, 3, 15),
    ("10,000 cases × 3 assertions, echo", 10_000, ECHO, 4, THREE, 1, 150),
    ("1,000 requests of 50 ms, 100 in flight", 1_000, MODEL, 100, ONE, 3, 20),
]
USER = '{"name": "{{name}}", "number": {{number}}}'
problems = []


def write(folder, name, text):
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/{name}", "w") as file:
        file.write(text)


def lines(values):
    return "".join(json.dumps(value) + "\n" for value in values)


def prompt_cicd(folder, count, provider, concurrency, assertions):
    write(folder, "prompt-cicd.yml",
          f"version: 1\nproviders:\n  model: {provider[0]}\nrun: {{max-concurrency: {concurrency}}}\nsuites:\n  - name: speed\n"
          f"    prompt: speed.prompt.yml\n    provider: model\n    concurrency: {concurrency}\n    cases: speed.jsonl\n"
          f"    defaults: {{assert: {assertions[0]}}}\n")
    write(folder, "speed.prompt.yml",
          f"name: speed\nmessages:\n  - {{role: system, content: \"Answer in JSON.\"}}\n  - {{role: user, content: '{USER}'}}\n")
    write(folder, "speed.jsonl",
          lines({"id": f"case-{n}", "vars": {"name": f"Ana {n}", "number": n}} for n in range(count)))
    return [ours, "test", "--quiet", "--report", "json=report.json"]


def promptfoo(folder, count, provider, concurrency, assertions):
    config = {"prompts": ["file://prompt.json"], "providers": [provider[1]], "tests": "file://cases.jsonl",
              "defaultTest": {"assert": assertions[1]}}
    write(folder, "promptfooconfig.json", json.dumps(config))
    write(folder, "prompt.json", json.dumps([{"role": "system", "content": "Answer in JSON."}, {"role": "user", "content": USER}]))
    write(folder, "cases.jsonl",
          lines({"description": f"case-{n}", "vars": {"name": f"Ana {n}", "number": n}} for n in range(count)))
    return [NODE, f"{home}/node_modules/promptfoo/dist/src/entrypoint.js", "eval", "-c", "promptfooconfig.json", "-j", str(concurrency),
            "--no-cache", "--no-write", "--no-share", "--no-table", "--no-progress-bar", "-o", "report.json"]


def latency(tool, folder, count):
    """The mean latency that a report tells; fails for a report that is not of `count` cases that passed."""
    with open(f"{folder}/report.json") as file:
        report = json.load(file)
    if tool == "prompt-cicd":
        return report["performance_metrics"]["latency_ms"]["mean"]
    results = report["results"]["results"]
    passed = sum(result["success"] for result in results)
    if passed != count:
        raise ValueError(f"{passed} of {count} cases passed")
    return sum(result["latencyMs"] for result in results) / count


def measure(limit, folder, environment, command):
    line = subprocess.run([sys.executable, "-I", "-S", f"{work}/measure.py", str(limit), f"{work}/log", *command],
                          cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    took, peak, status = line.split()
    return float(took), float(peak), status


def compare(tool, make, environment, workload):
    """Runs one workload on one tool; gives its row: seconds, or None where it was stopped or failed, and texts."""
    name, count, provider, concurrency, assertions, runs, limit = workload
    folder = f"{work}/{tool}-{count}"
    command = make(folder, count, provider, concurrency, assertions)
    walls, peaks, means = [], [], []
    for _ in range(runs):
        print(f"{tool}: {name}", file=sys.stderr)
        took, peak, status = measure(limit, folder, environment, command)
        peaks.append(peak)
        if status == "late":
            return None, f"> {limit}", f"{max(peaks):.0f}", "stopped"
        try:
            if status != "0":
                raise ValueError(f"exit status {status}")
            means.append(latency(tool, folder, count))
        except (OSError, ValueError, KeyError) as error:
            with open(f"{work}/log", errors="replace") as file:
                tail = file.read()[-1500:]
            problems.append(f"{tool}, {name}: {error!r}\n{tail}")
            return None, "failed", f"{max(peaks):.0f}", "-"
        walls.append(took)
    wall, mean = median(walls), median(means) if None not in means else None
    return wall, f"{wall:.2f}" if wall >= 0.1 else f"{wall:.3f}", f"{max(peaks):.0f}", "-" if mean is None else f"{mean:.1f}"


def machine():
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown processor")
    return f"{len(os.sched_getaffinity(0))} cores, {model}, load {os.getloadavg()[0]:.2f} before"


def version(command, environment):
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


head, notes, rows = machine(), [], []
tools = [("promptfoo", promptfoo, CLEAN | QUIET)]
if os.access(ours, os.X_OK):
    tools.append(("prompt-cicd", prompt_cicd, CLEAN))
    versions = f"{version([ours, '--version'], CLEAN)}; {versions}"
else:
    notes.append(f"SKIPPED prompt-cicd: there is no {os.path.relpath(ours)}; build it with cargo build --release, or give its path")
    print(notes[-1], file=sys.stderr)
loopback = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for workload in WORKLOADS:
    found = []
    for tool, make, environment in tools:
        found.append((tool, *compare(tool, make, environment, workload)))
        asked = json.load(loopback.open(BASE + "/"))
        if asked["asked"]:
            notes.append(f"{tool} had up to {asked['most']} requests in flight at the server ({asked['asked']} in all)")
    own = next((wall for tool, wall, *_ in found if tool == "prompt-cicd"), None)
    for tool, wall, text, peak, mean in found:
        if own is None:
            ratio = "-"
        elif wall is None:
            ratio = f"> {workload[-1] / own:.0f}" if mean == "stopped" else "-"
        else:
            ratio = f"{wall / own:.1f}"
        rows.append((tool, workload[0], text, peak, mean, ratio))
floor = measure(10, work, CLEAN, ["true"])[1]
notes.append(f"wall time: median of {'/'.join(str(workload[5]) for workload in WORKLOADS)} runs; peak: of the process tree, largest run, "
             f"not told below {floor:.0f} MB; ratio: wall time to that of prompt-cicd")

print(f"{head}, {os.getloadavg()[0]:.2f} after\n{versions}\n")
layout = "{:<12} {:<40} {:>8} {:>8} {:>16} {:>8}"
print(layout.format("tool", "workload", "wall s", "peak MB", "mean latency ms", "ratio"))
for row in rows:
    print(layout.format(*row))
print()
print("\n".join(notes + problems))
sys.exit(1 if problems else 0)
PY

python3 "$work/server.py" "$work/port" &
server=$!
for _ in {1..100}; do
  [ -s "$work/port" ] && break
  kill -0 "$server" 2>/dev/null || { echo "the server did not start" >&2; exit 1; }
  sleep 0.1
done
[ -s "$work/port" ] || { echo "the server did not start within 10 s" >&2; exit 1; }

versions="promptfoo $promptfoo_version on node $node_version; server and measuring on $(python3 --version)"
python3 "$work/compare.py" "$work" "$home" "$arch" "$ours" "$(cat "$work/port")" "$versions"
