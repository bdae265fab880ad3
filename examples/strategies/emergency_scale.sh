#!/bin/sh
# The document's emergency_scale as two programs in one: `emergency_scale.sh propose` is a strategy that calls for help
# when the queue is overloaded, `emergency_scale.sh handle` carries the call out by writing help_wanted.json beside the
# records, where whoever can send machines looks for it. Undoing the decision takes the call back.
# Needs jq. Protocols: docs/programs.md, strategy/v1 and handler/v1.
set -eu

question=$(cat)
call=$COORDINATION_DIR/help_wanted.json
limit=${EMERGENCY_QUEUE:-20}

ask() { printf '%s' "$question" | jq "$@"; }

case "${1:-}" in
propose)
  ask --argjson limit "$limit" '
    .observation.metrics.work_queue_size as $queue
    | {dsl: "strategy/v1", decisions: [], reason: "\($queue) items are no emergency"}
    | if $queue > $limit then
        .decisions = [{type: "emergency_scale", priority: 10, confidence: 0.9,
                       rationale: "Emergency queue overload", parameters: {queue: $queue}}]
      else . end'
  ;;
handle)
  case "$(ask -r .verb)" in
  prepare)
    if [ -e "$call" ]; then
      echo '{"dsl": "handler/v1", "nothing": "help was called for already"}'
    else
      ask '{dsl: "handler/v1",
            steps: [{action: "call_for_help", target: "fleet", parameters: {queue: .decision.parameters.queue}}]}'
    fi
    ;;
  perform)
    # The same call twice is one call: a step may be performed again after a crash.
    ask '{decision: .decision.id, queue: .step.parameters.queue}' > "$call.tmp"
    mv "$call.tmp" "$call"
    ask '{dsl: "handler/v1", receipt: {decision: .decision.id}}'
    ;;
  undo)
    if [ "$(jq -r .decision "$call" 2>/dev/null)" = "$(ask -r .receipt.decision)" ]; then
      rm "$call"
      echo '{"dsl": "handler/v1", "reverted": "the call for help was taken back"}'
    else
      echo '{"dsl": "handler/v1", "refused": "the call was answered or replaced meanwhile"}'
    fi
    ;;
  esac
  ;;
*)
  echo "usage: emergency_scale.sh propose|handle" >&2
  exit 64
  ;;
esac
