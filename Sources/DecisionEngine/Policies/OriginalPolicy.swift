/// The rules of the original engine (dslmodel, `agents/autonomous_decision_engine.py`), to the letter: faults
/// and gaps included. It serves those who compare, and as the reason why `default` is another.
enum OriginalPolicy {
  static let text = """
    name: dslmodel
    description: >-
      The original rules to the letter: an idle fleet grows without end, and some critical states decide nothing.

    rules:
      - name: critical_agents
        type: scale_up
        priority: 10
        confidence: 0.95
        when: {health_state: critical, active_agents: {lt: 2}}
        parameters: {target_agents: 2}
        description: Emergency scale up to 2 agents
        rationale: Health {health_score} is critical with {active_agents} active agents
      - name: critical_queue
        type: coordination_improve
        priority: 9
        confidence: 0.8
        target: queue
        when: {health_state: critical, work_queue_size: {gt: 15}}
        parameters: {action: clear_old_work, max_age_hours: 2}
        description: Clear work older than 2 hours
        rationale: Health {health_score} is critical with {work_queue_size} items in the queue

      - name: degraded_completion
        type: scale_up
        priority: 7
        confidence: 0.8
        when: {health_state: degraded, completion_rate: {lt: 0.4}}
        parameters: {target_agents: = active_agents + 1}
        description: Add an agent to the {active_agents} active ones
        rationale: Completion rate {completion_rate} is low
      - name: degraded_queue
        type: coordination_improve
        priority: 6
        confidence: 0.8
        target: queue
        when: {health_state: degraded, work_queue_size: {gt: 5}}
        parameters: {action: optimize_distribution}
        description: Spread {work_queue_size} items better
        rationale: The queue of {work_queue_size} items is long

      - name: healthy_completion
        type: optimize
        priority: 4
        confidence: 0.8
        when: {health_state: healthy, completion_rate: {lt: 0.8}}
        parameters: {focus: completion_rate}
        description: Optimize the completion rate
        rationale: Completion rate {completion_rate} leaves room

      - name: optimal_agents
        type: scale_down
        priority: 2
        confidence: 0.8
        when:
          health_state: optimal
          any:
            - active_agents: {gt: 8}
            - {active_agents: {gt: 3}, work_queue_size: 0}
        parameters: {target_agents: "= max(2, active_agents - 1)"}
        description: Remove one of {active_agents} agents
        rationale: Health {health_score} is optimal with {work_queue_size} items for {active_agents} agents
      - name: optimal_telemetry
        type: telemetry_enhance
        priority: 1
        confidence: 0.8
        target: telemetry
        when: {health_state: optimal, telemetry_volume: {lt: 10}}
        parameters: {action: increase_sampling}
        description: Sample more telemetry
        rationale: There are only {telemetry_volume} telemetry records

    """
}
