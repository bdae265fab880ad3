#!/bin/sh
# A worker in shell: claims one item at a time, does it, says how it went. Ends when there is nothing left.
# Usage: COORDINATION_DIR=coordination examples/workers/worker.sh
set -u
agent="shell-$$"
dsl agent register "$agent" --pid "$$" >/dev/null || exit
while claim=$(dsl work claim --agent "$agent") && [ -n "$claim" ]; do
  if [ "$(dsl agent heartbeat "$agent")" = drain ]; then
    printf '%s' "$claim" | dsl work release --claim - >/dev/null
    break
  fi
  if result=$(printf '%s' "$claim" | jq -c '{seen: .work.id}'); then
    printf '%s' "$claim" | dsl work complete --claim - --result "$result"
  else
    printf '%s' "$claim" | dsl work fail --claim - --error "the item could not be read"
  fi
done
dsl agent heartbeat "$agent" --stopped >/dev/null
