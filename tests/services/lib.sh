# shellcheck shell=bash
# Shared by the services' scripts. State: ${PROMPT_CICD_SERVICES:-target/services}/NAME/PORT.pid and PORT.log

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"

# state NAME: its folder
state() { local folder="${PROMPT_CICD_SERVICES:-$root/target/services}/$1"; mkdir -p "$folder"; echo "$folder"; }

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

# finish NAME PORT: ends what launch started
finish() {
  local file
  file="$(state "$1")/$2.pid"
  [ -f "$file" ] || return 0
  kill "$(cat "$file")" 2>/dev/null || true
  rm -f "$file"
}
