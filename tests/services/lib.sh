# shellcheck shell=bash
# Shared by the services' scripts. State: ${PROMPT_CICD_SERVICES:-target/services}/NAME/PORT.pid and PORT.log

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"

# state NAME: its folder
state() { local folder="${PROMPT_CICD_SERVICES:-$root/target/services}/$1"; mkdir -p "$folder"; echo "$folder"; }

# venv FOLDER REQUIREMENT...: a Python environment with exactly these requirements; made once
venv() {
  local folder=$1
  shift
  [ "$(cat "$folder/installed" 2>/dev/null || true)" = "$*" ] && "$folder/bin/python" -c '' 2>/dev/null && return 0
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$folder/bin/python" -m pip install --quiet --no-compile --disable-pip-version-check --no-input "$@"
  echo "$*" >"$folder/installed"
}

# debian PACKAGE...: installs what is missing; no service starts by being installed
debian() {
  local missing=()
  for package in "$@"; do dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package"); done
  [ ${#missing[@]} -eq 0 ] && return 0
  [ "$(id -u)" -eq 0 ] || { echo "install ${missing[*]} first (apt-get install)" >&2; return 1; }
  (apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}") >/dev/null
}

# launch NAME PORT READY COMMAND...: starts it, waits until READY succeeds
launch() {
  local name=$1 port=$2 ready=$3 folder
  shift 3
  folder="$(state "$name")"
  "$@" >"$folder/$port.log" 2>&1 &
  local pid=$!
  echo "$pid" >"$folder/$port.pid"
  for _ in $(seq "${READY_TENTHS:-300}"); do
    if bash -c "$ready" >/dev/null 2>&1; then return 0; fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  tail -5 "$folder/$port.log" >&2
  echo "$name is not ready; its log is $folder/$port.log" >&2
  return 1
}

# ours PID PORT: whether it still runs and is what launch started; every command that it starts names its port, and the
# number may have been given to another program since
ours() { [[ "$(ps -p "$1" -o args= 2>/dev/null)" == *"$2"* ]]; }

# finish NAME [PORT]: ends what launch started on a port; without a port everything it started
finish() {
  local name=$1 folder file pid port
  shift
  folder="$(state "$name")"
  if [ $# -eq 0 ]; then
    for file in "$folder"/*.pid; do
      [ -e "$file" ] || continue
      file="${file##*/}"
      set -- "$@" "${file%.pid}"
    done
  fi
  for port in "$@"; do
    file="$folder/$port.pid"
    [ -f "$file" ] || continue
    pid="$(cat "$file")"
    if ours "$pid" "$port"; then kill "$pid" 2>/dev/null || true; fi
    for _ in $(seq 100); do
      ours "$pid" "$port" || break
      sleep 0.1
    done
    if ours "$pid" "$port"; then kill -9 "$pid" 2>/dev/null || true; fi
    rm -f "$file"
  done
}
