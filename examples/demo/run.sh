#!/usr/bin/env bash
# The whole loop on real work: 200 files of the source tree are compressed and hashed by agents that the engine starts,
# watches and drains. Nothing is simulated. Usage: examples/demo/run.sh [path of dsl]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
dsl=$(readlink -f "${1:-$root/.build/release/dsl}")
items=${DEMO_ITEMS:-200}
for program in jq gzip sha256sum; do
  command -v "$program" >/dev/null || { echo "demo: $program is missing; install it and run again" >&2; exit 1; }
done

heading() { printf '\n== %s\n' "$*"; }

heading "1. The sample directory: 2 agents, 8 items, 3 completed, 4 telemetry records"
"$dsl" auto status -c "$root/coordination"
"$dsl" auto analyze -c "$root/coordination"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
heading "2. A real backlog in $work: $items files of this source tree"
"$dsl" init coordination
cat >coordination/dsl.yaml <<YAML
limits:
  max_agents: 5
gates:
  cooldown: {up: 1s, down: 2s, other: 1s}
  max_decisions_per_cycle: 5
  budget: {count: 500, window: 1h}
agents:
  command: $dsl agent run --exec 'sh $work/item.sh' --heartbeat 1s --lease 10s --telemetry 500ms
  max_concurrency: 2
loop:
  interval: 1s
YAML
cat >item.sh <<'SH'
# One item: finds the gzip level that makes a file smallest, and its digest.
path=$(sed -n 's/.*"path": *"\([^"]*\)".*/\1/p')
best=0
for level in 1 2 3 4 5 6 7 8 9; do
  bytes=$(gzip -cn "-$level" "$path" | wc -c)
  if [ "$best" = 0 ] || [ "$bytes" -lt "$best" ]; then best=$bytes chosen=$level; fi
done
printf '{"path":"%s","bytes":%d,"compressed":%d,"level":%d,"sha256":"%s"}\n' \
  "$path" "$(wc -c <"$path")" "$best" "$chosen" "$(sha256sum <"$path" | cut -c1-64)"
SH
# Where there are fewer files than items, they are taken in turn.
files=$(find "$root/Sources" "$root/Tests" "$root/docs" -type f -size -200k | sort)
count=$(printf '%s\n' "$files" | wc -l)
for ((n = 0; n < items; n++)); do
  path=$(printf '%s\n' "$files" | sed -n "$((n % count + 1))p")
  printf '{"id":"item-%03d","task":"compress","path":"%s"}\n' "$n" "$path"
done | "$dsl" work add - >/dev/null
"$dsl" auto status

heading "3. The loop, until the fleet is scaled down again (at most 55 s)"
timeout -s INT 55 "$dsl" auto loop --interval 1 --watch >loop.log &
loop=$!
shown=0
show() {
  local lines
  lines=$(wc -l <loop.log)
  [ "$lines" -gt "$shown" ] && sed -n "$((shown + 1)),${lines}p" loop.log
  shown=$lines
}
peak=0
while kill -0 "$loop" 2>/dev/null; do
  sleep 0.5
  show
  read -r agents queue < <("$dsl" auto status --format json | jq -r '"\(.status.active_agents) \(.status.work_queue_size)"')
  [ "$agents" -gt "$peak" ] && peak=$agents
  if [ "$queue" = 0 ] && [ "$agents" -le 1 ] && [ "$peak" -gt 1 ]; then
    kill -INT "$loop" 2>/dev/null || true
    break
  fi
done
wait "$loop" || true
show
heading "4. What is left behind"
"$dsl" auto status
for id in $("$dsl" agent list --format json | jq -r '.agents[] | select(.state != "stopped") | .id'); do
  "$dsl" agent drain "$id" >/dev/null
done
for _ in $(seq 40); do
  [ "$("$dsl" agent list --format json | jq '[.agents[] | select(.state != "stopped")] | length')" = 0 ] && break
  sleep 0.25
done
printf '\nItems: %s completed, %s failed, %s left. Agents at the peak: %s.\n' \
  "$(find coordination -name 'completed_*.json' | wc -l)" "$(find coordination -name 'failed_*.json' | wc -l)" \
  "$(find coordination -maxdepth 1 -name 'work_*.json' | wc -l)" "$peak"
printf 'Bytes in: %s, compressed: %s.\n' \
  "$(cat coordination/completed_*.json | jq -s 'map(.result.bytes) | add')" \
  "$(cat coordination/completed_*.json | jq -s 'map(.result.compressed) | add')"
printf 'Health states on the way: %s\n' \
  "$("$dsl" auto history --cycles --limit 500 --format json | jq -r '[.cycles | reverse | .[].metrics.health_state] | reduce .[] as $s ([]; if .[-1] == $s then . else . + [$s] end) | join(" -> ")')"
printf 'Decisions carried out: %s\n' \
  "$("$dsl" auto history --limit 500 --outcome executed --format json | jq -c '[.decisions[].type] | group_by(.) | map({(.[0]): length}) | add')"
printf 'Traces: %s, spans: %s (OTLP/JSON in coordination/.dsl/telemetry/spans.jsonl)\n' \
  "$(cat coordination/.dsl/telemetry/spans.jsonl* | wc -l)" \
  "$(cat coordination/.dsl/telemetry/spans.jsonl* | jq '[.resourceSpans[].scopeSpans[].spans[]] | length' | jq -s add)"
printf 'Journal: coordination/.dsl/journal.sqlite, %s bytes\n' "$(cat coordination/.dsl/journal.sqlite* | wc -c)"
if [ -n "${DEMO_KEEP:-}" ]; then
  trap - EXIT
  echo "kept: $work"
fi
