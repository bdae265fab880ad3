#!/usr/bin/env bash
# Exactly-once under load: agents and shell workers share a queue while agents are killed (-9) at random and started
# again. At the end every item has to be completed once, none may be left, and nobody may have executed an item while
# another one's lease on it was valid. Prints the accounting as JSON; exit status 1 when something does not add up.
#
#   ci/torture/exactly_once.sh [--items 10000] [--agents 14] [--shells 2] [--lease 4] [--seed N] [--limit 900]
#                              [--dsl .build/release/dsl] [--keep]
#
# --limit is the number of seconds after which the run is given up. A seed repeats the choices (whom to kill, when, and
# under which id to come back), not the operating system's.
set -u
items=10000 agents=14 shells=2 lease=4 seed=$(date +%N) limit=900 dsl="" keep=""
while [ $# -gt 0 ]; do
  case $1 in
    --items | --agents | --shells | --lease | --seed | --limit | --dsl) declare "${1#--}=$2" && shift 2 ;;
    --keep) keep=1 && shift ;;
    *) echo "usage: see the head of $0" >&2 && exit 64 ;;
  esac
done
here=$(cd "$(dirname "$0")" && pwd)
dsl=$(realpath "${dsl:-$here/../../.build/release/dsl}")
[ -x "$dsl" ] || { echo "no dsl at $dsl: build it, or name it with --dsl" >&2 && exit 64; }
seed=$((10#$seed)) RANDOM=$((seed % 32768))
echo "seed $seed" >&2

base=$(mktemp -d)
dir=$base/queue
export TORTURE_LOG=$base/executions DSL_LOG=error OTEL_SDK_DISABLED=true
: >"$TORTURE_LOG" && : >"$base/refused"
# What an item is: two lines in a log that is opened to append, so that their order is the order of events. The clock is
# the system's uptime, which a shell reads without starting a process.
# shellcheck disable=SC2016  # expanded by the shell that runs it
command='read -r up _ </proc/uptime; printf "%s %s %s %s start\n" "$DSL_WORK_ID" "$DSL_WORK_EPOCH" "$DSL_AGENT_ID" "$up" >>"$TORTURE_LOG"
read -r up _ </proc/uptime; printf "%s %s %s %s end\n" "$DSL_WORK_ID" "$DSL_WORK_EPOCH" "$DSL_AGENT_ID" "$up" >>"$TORTURE_LOG"'

declare -a pids=() names=() workers=()
cleanup() {
  touch "$base/stop"
  for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null; done
  for pid in "${workers[@]}"; do kill -9 "$pid" 2>/dev/null; done
  wait 2>/dev/null
  if [ -n "$keep" ]; then echo "kept $base" >&2; else rm -rf "$base"; fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM

start() { # SLOT ID
  names[$1]=$2
  "$dsl" agent run -c "$dir" --id "$2" --concurrency $((1 + RANDOM % 3)) --lease "${lease}s" --heartbeat 1s \
    --exec "$command" >>"$base/agents.out" 2>>"$base/agents.err" &
  pids[$1]=$!
}

# A worker in shell: claims one item at a time, and of ten it walks off with one, as if it had been killed.
shell_worker() { # NAME SEED
  local claim id epoch
  RANDOM=$2
  while [ ! -e "$base/stop" ]; do
    claim=$("$dsl" work claim -c "$dir" --agent "$1" --lease "${lease}s" 2>>"$base/shells.err")
    [[ $claim =~ \"id\":\"([^\"]+)\",\"epoch\":([0-9]+) ]] || { sleep 0.3 && continue; }
    id=${BASH_REMATCH[1]} epoch=${BASH_REMATCH[2]}
    DSL_WORK_ID=$id DSL_WORK_EPOCH=$epoch DSL_AGENT_ID=$1 sh -c "$command"
    [ $((RANDOM % 10)) -eq 0 ] && continue
    "$dsl" work complete -c "$dir" --claim - --result '"shell"' <<<"$claim" >/dev/null 2>>"$base/shells.err" ||
      echo "$id $epoch" >>"$base/refused"
  done
}

live() { # items that are neither finished nor set aside
  "$dsl" --json work list -c "$dir" --limit 1 |
    jq '.data.totals | .pending + .waiting + .claimed + .expired'
}

"$dsl" init "$dir" >/dev/null || exit 1
for ((n = 1; n <= items; n++)); do printf '{"id":"i%d","n":%d,"max_attempts":1000}\n' "$n" "$n"; done |
  "$dsl" --json work add -c "$dir" - >"$base/added.json" || exit 1
added=$(jq .data.count "$base/added.json")

began=$(date +%s%N)
for ((slot = 0; slot < agents; slot++)); do start "$slot" "agent-$slot"; done
for ((n = 0; n < shells; n++)); do
  shell_worker "shell-$n" $((seed % 30000 + n)) &
  workers+=($!)
done

kills=0 generation=0 finished="" last=$SECONDS left=$items
while [ $SECONDS -lt "$limit" ]; do
  sleep "0.$((1 + RANDOM % 5))"
  if [ "$left" -gt $((items / 20)) ]; then
    slot=$((RANDOM % agents))
    kill -9 "${pids[slot]}" && kills=$((kills + 1))
    wait "${pids[slot]}" 2>/dev/null
    # Half of them come back under their own id and take its record over.
    generation=$((generation + 1))
    if [ $((RANDOM % 2)) -eq 0 ]; then start "$slot" "${names[slot]}"; else start "$slot" "agent-$slot-$generation"; fi
  fi
  [ $((SECONDS - last)) -ge 1 ] || continue
  last=$SECONDS left=$(live)
  [ "$left" = 0 ] && finished=1 && break
done
seconds=$((($(date +%s%N) - began) / 1000000))
touch "$base/stop"
for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null; done
wait

# What is on disk, as jq reads it: no code of ours.
find "$dir" -maxdepth 1 -name 'completed_*.json' -print0 |
  xargs -0 -r -n 500 jq -r '[.work_id, (.epoch | tostring), .agent_id] | join(" ")' >"$base/completed"
count() { find "$dir" -maxdepth 1 -name "$1" | wc -l; }
totals=$("$dsl" --json work list -c "$dir" --limit 1 | jq -c .data.totals)

# Executions of an item: epochs have to rise, and the next may start only when the lease of the one before can have
# ended. Starting a shell takes a while on a busy machine and the lease runs from before that: half of it is allowed.
awk -v lease="$lease" '
  FILENAME == ARGV[1] {
    if ($5 == "end") { ended[$1, $2, $3] = 1; next }
    executions++
    if ($1 in epoch) {
      again++
      if ($2 <= epoch[$1]) { regressions++; print "epoch", $0 > "/dev/stderr" }
      if ($4 - started[$1] < lease / 2) { overlaps++; print "overlap", $0 > "/dev/stderr" }
    }
    epoch[$1] = $2; started[$1] = $4
    next
  }
  { completed++; if (seen[$1]++) twice++; if (!(($1, $2, $3) in ended)) unexecuted++ }
  END {
    for (id in seen) distinct++
    printf "{\"completed\":%d,\"distinct\":%d,\"completed_twice\":%d,\"executions\":%d,\"executed_again\":%d,", \
      completed, distinct, twice, executions, again
    printf "\"overlaps\":%d,\"epoch_regressions\":%d,\"completed_without_execution\":%d}\n", \
      overlaps, regressions, unexecuted
  }' "$TORTURE_LOG" "$base/completed" >"$base/judged.json"

jq -n --argjson seed "$seed" --argjson added "$added" --argjson agents "$agents" --argjson shells "$shells" \
  --argjson kills "$kills" --argjson ms "$seconds" --argjson totals "$totals" \
  --argjson failed "$(count 'failed_*.json')" --argjson work_files "$(count 'work_*.json')" \
  --argjson refused "$(wc -l <"$base/refused")" --argjson finished "${finished:-0}" \
  --slurpfile judged "$base/judged.json" '
  $judged[0] as $j
  | {seed: $seed, agents: $agents, shell_workers: $shells, kills: $kills, finished: ($finished == 1), added: $added}
    + $j + {failed: $failed, quarantined: $totals.quarantined, live_files: $work_files,
      pending: ($totals.pending + $totals.waiting + $totals.claimed + $totals.expired),
      refused_completions: $refused, seconds: ($ms / 1000), items_per_second: ($added * 1000 / $ms | floor)}
  | . + {exactly_once: (.finished and .completed == $added and .distinct == $added and .completed_twice == 0
      and .overlaps == 0 and .epoch_regressions == 0 and .completed_without_execution == 0 and .live_files == 0
      and .completed + .failed + .quarantined + .pending == $added)}' | tee "$base/report.json"
[ -s "$base/agents.err" ] && sort "$base/agents.err" | uniq -c | sort -rn | head -5 >&2
jq -e .exactly_once "$base/report.json" >/dev/null
