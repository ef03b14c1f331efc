#!/usr/bin/env bash
set -euo pipefail
# shellcheck source=tests/services/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# tests/services/prometheus/start.sh PORT GATEWAY: Prometheus on PORT, its Pushgateway on GATEWAY, scraped each second.
port=$1 gateway=$2
folder="$(state prometheus)"
cat >"$folder/$port.yml" <<YAML
global: {scrape_interval: 1s, evaluation_interval: 1s}
scrape_configs:
  - job_name: pushgateway
    honor_labels: true
    static_configs: [{targets: ["127.0.0.1:$gateway"]}]
YAML
# Debian's gateway keeps what was pushed in a place of the whole machine, and would begin with the run before.
rm -rf "$folder/$port.tsdb" "$folder/$gateway.pushed"
launch prometheus-gateway "$gateway" "curl -sf http://127.0.0.1:$gateway/-/ready" \
  prometheus-pushgateway --web.listen-address="127.0.0.1:$gateway" --persistence.file="$folder/$gateway.pushed"
launch prometheus "$port" "curl -sf http://127.0.0.1:$port/-/ready" \
  prometheus --config.file="$folder/$port.yml" --storage.tsdb.path="$folder/$port.tsdb" --web.listen-address="127.0.0.1:$port"
echo "http://127.0.0.1:$port"
