#!/usr/bin/env bash
set -euo pipefail
# shellcheck source=tests/services/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# tests/services/haproxy/start.sh PORT STABLE CANDIDATE: HAProxy on PORT before the servers v1.0.0 on the port STABLE
# and v2.0.0 on the port CANDIDATE. Prints its runtime socket.
port=$1
folder="$(state haproxy)"
cat >"$folder/$port.cfg" <<CFG
global
  stats socket $folder/$port.sock mode 600 level admin
defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server 30s
frontend f
  bind 127.0.0.1:$port
  default_backend prompts
backend prompts
  balance random
  server v1.0.0 127.0.0.1:$2 weight 100
  server v2.0.0 127.0.0.1:$3 weight 0
CFG
launch haproxy "$port" "test -S $folder/$port.sock" "$(command -v haproxy || echo /usr/sbin/haproxy)" -db -f "$folder/$port.cfg"
echo "$folder/$port.sock"
