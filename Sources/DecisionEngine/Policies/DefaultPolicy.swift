/// The policy used unless another is named: the document's table with its faults mended.
enum DefaultPolicy {
  static let text = """
    name: default
    description: >-
      Scales up while work waits and health is below healthy or the fleet falls behind, scales down what is idle above
      optimal, keeps the queue moving, and says why whenever it does nothing. Never starts agents without work, never
      exceeds max_agents, never removes a busy agent.

    # What bad evidence and a bad record leave of a rule's confidence, at their worst (docs/policies.md).
    evidence: {stale: 0.9, missing: 0.9, corrupt: 0.5, disagreement: 0.7, record: 0}

    let:
      # Agents that are there or on their way: those asked for before count, so that none is asked for twice.
      present_agents: active_agents + known(starting_agents, 0)
      # Items that no agent holds.
      waiting_work: known(pending_work, work_queue_size)
      # Waiting items beyond those that idle and starting agents will take.
      missing_hands: max(0, waiting_work - known(idle_agents, 0) - known(starting_agents, 0))
      # Stale agents that can be replaced within the maximum.
      replaceable_agents: clamp(known(stale_agents, 0), 0, max(0, max_agents - present_agents))
      # One agent for each 0.15 that health lacks to healthy, times the factor: health 0.2 adds 3.
      growth_step: ceil(max(1, ceil((healthy_at - health_score) / 0.15)) * scale_factor)
      growth_target: >-
        min(max_agents - replaceable_agents,
        max(min_agents, min(active_agents + growth_step, present_agents + missing_hands)))
      # Idle agents that neither the minimum nor any live work needs.
      removable_agents: >-
        min(idle_agents, active_agents - max(min_agents, busy_agents + waiting_work + known(expired_claims, 0)))
      # Half of what is above the minimum, times the factor: of 8 agents 3 go.
      shrink_step: max(1, floor(floor((active_agents - min_agents) / 2) * scale_factor))
      shrink_target: active_agents - min(removable_agents, shrink_step)

    rules:
      - name: scale_up_critical
        type: scale_up
        priority: 10
        confidence: 0.95
        when:
          health_state: critical
          missing_hands: {gt: 0}
          growth_target: {gt: present_agents}
        parameters: {target_agents: = growth_target, current_agents: = active_agents}
        description: Start agents until there are {growth_target}, now {present_agents}
        rationale: Health {health_score} is critical and {waiting_work} items wait for {active_agents} agents

      - name: scale_up_degraded
        type: scale_up
        priority: 7
        confidence: 0.8
        when:
          health_state: degraded
          missing_hands: {gt: 0}
          any:
            - completion_rate: {lt: 0.8}
            - waiting_work: {gt: present_agents}
          growth_target: {gt: present_agents}
        parameters: {target_agents: = growth_target, current_agents: = active_agents}
        description: Start agents until there are {growth_target}, now {present_agents}
        rationale: >-
          Health {health_score} is degraded, completion rate {completion_rate}, and {waiting_work} items wait for
          {active_agents} agents

      - name: scale_up_minimum
        type: scale_up
        priority: 8
        confidence: 0.95
        let: {floor_target: "min(max_agents - replaceable_agents, max(1, min_agents))"}
        when:
          health_state: [healthy, optimal]
          missing_hands: {gt: 0}
          floor_target: {gt: present_agents}
        parameters: {target_agents: = floor_target, current_agents: = active_agents}
        description: Start agents until there are {floor_target}, now {present_agents}
        rationale: "{waiting_work} items wait and there are only {present_agents} agents"

      # Health looks at the queue only up to ten items, so that a fleet can be healthy while it falls behind for ever.
      - name: scale_up_backlog
        type: scale_up
        priority: 7
        confidence: 0.8
        let: {backlog_limit: 2 * present_agents}
        when:
          health_state: [healthy, optimal]
          missing_hands: {gt: 0}
          waiting_work: {gt: backlog_limit}
          growth_target: {gt: present_agents}
        parameters: {target_agents: = growth_target, current_agents: = active_agents}
        description: Start agents until there are {growth_target}, now {present_agents}
        rationale: "{waiting_work} items wait, more than two for each of {present_agents} agents"

      - name: restart_stale
        type: restart
        priority: 8
        confidence: 0.85
        when:
          replaceable_agents: {gt: 0}
          work_queue_size: {gt: 0}
        parameters: {count: = replaceable_agents}
        description: Replace {replaceable_agents} stale agents
        rationale: "{stale_agents} agents have not been heard of within their limit"

      - name: reclaim_work
        type: coordination_improve
        priority: 8
        confidence: 0.9
        target: queue
        let: {stuck_work: "known(expired_claims, 0) + known(overdue_work, 0)"}
        when:
          stuck_work: {gt: 0}
        parameters: {action: reclaim, limit: = stuck_work}
        description: Give back {expired_claims} expired claims and set {overdue_work} overdue items aside
        rationale: "{stuck_work} items are held by nobody who works on them or wait past their limit"

      - name: process_backlog
        type: coordination_improve
        priority: 6
        confidence: 0.75
        target: queue
        # Two thirds of the queue: of 15 items 10 are processed.
        let: {batch: ceil(work_queue_size * 2 / 3)}
        when:
          work_queue_size: {gt: 10}
          active_agents: {gt: 0}
        parameters: {action: process_backlog, limit: = batch}
        description: Process {batch} of {work_queue_size} items
        rationale: "{work_queue_size} items wait or are worked on by {active_agents} agents"

      - name: verify_agents
        type: health_check
        priority: 5
        confidence: 0.9
        when: {unverified_agents: {gt: 0}}
        parameters: {count: = unverified_agents}
        description: Probe {unverified_agents} agents
        rationale: Nothing says when {unverified_agents} agents were last heard of

      - name: tune_throughput
        type: optimize
        priority: 4
        confidence: 0.7
        when:
          health_state: healthy
          active_agents: {gt: 0}
          work_queue_size: {gt: 0}
        parameters: {focus: throughput}
        description: Tune the concurrency of {active_agents} agents
        rationale: Health {health_score} leaves room and {work_queue_size} items are in the queue

      - name: scale_down_optimal
        type: scale_down
        priority: 2
        confidence: 0.8
        # Not in the cycle in which stale agents are replaced: that needs hands.
        when:
          health_state: optimal
          removable_agents: {gte: 1}
          any:
            - replaceable_agents: 0
            - work_queue_size: 0
          present_agents: {eq: active_agents}
        parameters: {target_agents: = shrink_target, current_agents: = active_agents}
        description: Drain idle agents until there are {shrink_target}, now {active_agents}
        rationale: Health {health_score} is optimal and {removable_agents} of {active_agents} agents are not needed

      - name: scale_down_idle
        type: scale_down
        priority: 2
        confidence: 0.8
        when:
          health_state: healthy
          work_queue_size: 0
          busy_agents: 0
          removable_agents: {gte: 1}
          present_agents: {eq: active_agents}
        parameters: {target_agents: = shrink_target, current_agents: = active_agents}
        description: Drain idle agents until there are {shrink_target}, now {active_agents}
        rationale: There is no work, and {removable_agents} of {active_agents} agents are idle

      - name: thin_telemetry
        type: telemetry_enhance
        priority: 1
        confidence: 0.8
        target: telemetry
        when:
          telemetry_volume: {lt: 10}
          active_agents: {gt: 0}
        parameters: {action: increase_sampling}
        description: Sample more telemetry
        rationale: There are only {telemetry_volume} telemetry records of {active_agents} agents

    # Said when no rule matches; the first whose condition holds.
    silence:
      - when: {work_queue_size: 0, stale_agents: {gt: 0}}
        say: there is no work, so the {stale_agents} stale agents need no replacement
      - when: {work_queue_size: 0}
        say: there is no work
      - when: {waiting_work: 0}
        say: all {work_queue_size} live items are being worked on
      - when: {missing_hands: 0, starting_agents: {gt: 0}}
        say: "{starting_agents} agents that were asked for are starting and {waiting_work} items wait for them"
      - when: {missing_hands: 0}
        say: "{idle_agents} idle agents can take the {waiting_work} items that wait"
      - when: {present_agents: {gte: max_agents}}
        say: "{waiting_work} items wait, but the fleet is at its maximum of {max_agents} agents"
      - when: {starting_agents: {gt: 0}}
        say: "{starting_agents} agents that were asked for are starting"

    """
}
