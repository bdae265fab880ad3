#!/usr/bin/env python3
"""The document's CustomDecisionStrategy as a program: scale up under a heavy queue.

The engine asks it in every cycle (docs/programs.md, strategy/v1): the question comes on standard input, the answer goes
to standard output. What it proposes passes the same gates, journal and undo as the decisions of the policy.
"""

import json
import sys


class CustomDecisionStrategy:
    def should_scale_up(self, metrics):
        if metrics["health_score"] < 0.4 and metrics["work_queue_size"] > 5:
            return {
                "type": "scale_up",
                "priority": 9,
                "parameters": {"target_agents": min(metrics["active_agents"] + 2, 10)},
                "rationale": "Heavy queue load detected",
                "confidence": 0.9,
            }
        return None


question = json.load(sys.stdin)
metrics = question["observation"]["metrics"]
decision = CustomDecisionStrategy().should_scale_up(metrics)
answer = {"dsl": "strategy/v1", "decisions": [decision] if decision else []}
if not decision:
    answer["reason"] = (
        f"health {metrics['health_score']:.2f} and {metrics['work_queue_size']} items are no heavy load"
    )
json.dump(answer, sys.stdout)
