#!/usr/bin/env bash
# Starts the small model in the background, waits until it answers, and prints its base URL.
#
#   tests/services/model/start.sh PORT
#
#   LLM_ARGS           further flags of serve.py, split at spaces, as in LLM_ARGS="--api-key test-key"
#   LLM_THREADS        threads per request (1)
#   LLM_START_TIMEOUT  seconds to wait for the first healthy answer (60)
#
# Fails with the end of the server's log when the server dies or does not get ready in time.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../../.." && pwd)"
state="${PROMPT_CICD_SERVICES:-$root/target/services}/model"
python="$state/venv/bin/python"

fail() { echo "model/start: $*" >&2; exit 1; }

port="${1:-}"
[[ "$port" =~ ^[0-9]+$ ]] || fail "usage: start.sh PORT"
[ -f "$state/installed" ] || fail "not installed yet; run $here/install.sh"

log="$state/$port.log"
pidfile="$state/$port.pid"
# Without this a foreign server on the same port would pass the health check below.
"$python" - "$port" <<'PY' || fail "port $port is taken or cannot be used"
import socket, sys

with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", int(sys.argv[1])))
    except (OSError, OverflowError):
        sys.exit(1)
PY

read -r -a extra <<<"${LLM_ARGS:-}"
export OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS="${LLM_THREADS:-1}"
nohup "$python" "$here/serve.py" --model "$("$here/install.sh" --print)" --port "$port" \
  --threads "${LLM_THREADS:-1}" ${extra[@]+"${extra[@]}"} >"$log" 2>&1 </dev/null &
pid=$!
echo "$pid" >"$pidfile"

give_up() {
  kill "$pid" 2>/dev/null || true
  rm -f "$pidfile"
  echo "model/start: $1; the end of $log:" >&2
  tail -n 20 "$log" >&2
  exit 1
}

# One interpreter does all the asking, so that waiting costs little CPU. It ends with 0 once the
# server is healthy, 2 when the server's process is gone, 3 when the time is up.
status=0
"$python" - "$port" "$pid" "${LLM_START_TIMEOUT:-60}" <<'PY' || status=$?
import os, sys, time, urllib.request

port, pid, limit = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
end = time.monotonic() + limit


def running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        with open(f"/proc/{pid}/stat") as stat:  # not there on macOS
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True


while time.monotonic() < end:
    if not running(pid):
        sys.exit(2)
    try:
        with opener.open(f"http://127.0.0.1:{port}/health", timeout=2):
            sys.exit(0)
    except OSError:
        time.sleep(0.1)
sys.exit(3)
PY
case "$status" in
  0) echo "http://127.0.0.1:$port/v1" ;;
  2) give_up "the server ended early" ;;
  3) give_up "the server was not ready after ${LLM_START_TIMEOUT:-60} s" ;;
  *) give_up "the health check failed to run" ;;
esac
