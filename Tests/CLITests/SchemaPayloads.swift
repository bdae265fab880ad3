import Foundation
import Testing

/// Every command that reports, the schema of what it reports, and calls that make it do so.
enum SchemaPayloads {
  /// Commands whose payload has the schema of another name.
  static let aliases = ["auto-execute": "cycle", "auto-loop": "cycle"]

  /// Schemas that belong to no single command.
  static let shared: Set<String> = [
    "envelope", "common", "cycle", "otlp", "policy-trace", "cluster-trace", "saved-cluster", "journal-entry",
    "program-handler", "program-notify", "program-score", "program-strategy", "serve-health", "serve-ready",
    "serve-trace", "serve-traces", "sim-room", "sim-frame", "sim-recordings", "sim-curves", "sim-study",
  ]

  /// The file that describes a command's payload.
  static func schema(of command: String) -> String { (aliases[command] ?? command) + ".schema.json" }

  /// A command by the name it has in the envelope, and a script in the directory of the sample whose every
  /// `dsl --json` prints one envelope of it with a payload.
  struct Payload: Sendable, CustomTestStringConvertible {
    var command: String
    var script: String

    init(_ command: String, _ script: String) {
      self.command = command
      self.script = script
    }

    /// How many envelopes the script prints.
    var count: Int { script.components(separatedBy: "dsl --json ").count - 1 }
    var testDescription: String { command }
  }

  static let all = auto + agents + work + others + upkeep + gpu + sim + backups

  private static let auto = [
    Payload(
      "auto-status",
      """
      dsl --json auto status; dsl --json auto status -c nowhere; dsl auto execute > /dev/null
      dsl --json auto status; dsl --json auto status --backend sim
      """),
    Payload(
      "auto-analyze",
      """
      dsl --json auto analyze; dsl auto execute > /dev/null; dsl --json auto analyze
      dsl --json auto analyze --backend sim
      """),
    Payload(
      "auto-execute",
      """
      dsl --json auto execute --dry-run; dsl --json auto execute
      dsl --json auto execute --backend sim --policy '\(Shell.root.path)/examples/policies/cluster.yaml'
      """),
    Payload("auto-loop", "dsl --json auto loop --max-cycles 1"),
    Payload(
      "auto-history",
      """
      dsl --json auto history; dsl auto execute > /dev/null
      for agent in coordination/agent_a-*.json; do dsl agent heartbeat $(jq -r .id $agent) > /dev/null; done
      dsl auto execute > /dev/null; dsl auto rollback --last 1 > /dev/null
      dsl auto history --format json | jq -e '.decisions | any(.verdict) and any(.undone)' > /dev/null &&
        dsl --json auto history
      dsl --json auto history --cycles
      """),
    Payload(
      "auto-show",
      """
      dsl auto execute --format json | jq -r '.cycle_id, .decisions[].decision_id' > ids
      dsl auto rollback --last 1 > /dev/null; dsl auto execute > /dev/null
      dsl --json auto show $(sed -n 1p ids); dsl --json auto show $(sed -n 2p ids)
      dsl --json auto show $(dsl auto history --format json | jq -r '[.decisions[] | select(.undone)][0].id')
      dsl --json auto show $(dsl auto history --format json | jq -r '[.decisions[] | select(.gate)][0].id')
      """),
    Payload(
      "auto-explain",
      """
      dsl --json auto explain; dsl auto execute > /dev/null; dsl --json auto explain
      dsl --json auto explain $(dsl auto history --format json | jq -r '.decisions[0].id')
      echo '{"active_agents": 9, "completed_count": 50, "telemetry_volume": 20}' > state
      dsl --json auto explain --state state --policy dslmodel
      """),
    Payload(
      "auto-replay",
      """
      dsl auto execute > /dev/null; dsl --json auto replay; dsl --json auto replay --all --policy dslmodel
      dsl policy show default | sed 's/priority: 10/priority: 9/' > other.yaml
      dsl --json auto replay --policy other.yaml
      dsl auto execute > /dev/null; dsl --json auto replay --all --policy dslmodel
      dsl policy check dslmodel --traces faults > /dev/null; dsl --json auto replay --trace faults/runaway-1.json
      sed 's/"priority": 7/"priority": 6/' faults/runaway-1.json > forged.json
      dsl --json auto replay --trace forged.json
      """),
    Payload(
      "auto-pending",
      """
      \(asking); dsl --json auto pending; dsl auto approve $id --by alice > /dev/null; dsl auto execute > /dev/null
      dsl --json auto pending --all
      """),
    Payload("auto-approve", "\(asking); dsl --json auto approve $id --by alice --comment fine"),
    Payload("auto-reject", "\(asking); dsl --json auto reject $id"),
    Payload("auto-pause", "dsl --json auto pause --for 2h --reason move; dsl auto status > /dev/null"),
    Payload(
      "auto-resume", "dsl auto pause --for 2h --reason move > /dev/null; dsl --json auto resume --by bob"),
    Payload(
      "auto-calibration",
      """
      dsl --json auto calibration; dsl auto execute > /dev/null
      for agent in coordination/agent_a-*.json; do dsl agent heartbeat $(jq -r .id $agent) > /dev/null; done
      dsl auto execute > /dev/null; dsl --json auto calibration
      dsl auto calibration --type scale_up --since 1h --format json | jq -e '.measured == 1' > /dev/null &&
        dsl --json auto calibration --rule nothing
      """),
    Payload(
      "auto-rollback",
      """
      dsl auto execute > /dev/null; dsl --json auto rollback --last 1
      dsl auto execute --force-confidence 1 > /dev/null; dsl auto execute > /dev/null
      for agent in coordination/agent_*.json; do
        id=$(jq -r .id $agent); dsl agent register $id > /dev/null; dsl agent heartbeat $id --stopped > /dev/null
      done
      dsl --json auto rollback --last 5
      """),
  ]

  private static let asking = """
    echo 'approval: {types: [scale_up]}' > coordination/dsl.yaml; dsl auto execute > /dev/null
    id=$(dsl auto pending --format json | jq -r '.pending[0].id')
    """

  private static let agents = [
    Payload(
      "agent-run",
      """
      dsl --json agent run --exec true --until-idle 0.2s
      dsl work add '{}' > /dev/null; dsl --json agent run --exec false --until-idle 0.2s
      """),
    Payload(
      "agent-register", "dsl --json agent register a; dsl --json agent register a --pid 1 --concurrency 2"),
    Payload(
      "agent-heartbeat",
      "dsl agent register a > /dev/null; dsl --json agent heartbeat a; dsl --json agent heartbeat a --stopped"
    ),
    Payload("agent-drain", "dsl agent register a > /dev/null; dsl --json agent drain a"),
    Payload(
      "agent-list",
      """
      dsl --json agent list; dsl agent register a --pid $$ > /dev/null; dsl work claim --agent a > /dev/null
      dsl --json agent list; dsl --json agent list -c nowhere
      """),
  ]

  private static let claim = "dsl work claim --agent a > claim; id=$(jq -r .id claim)"

  private static let work = [
    Payload(
      "work-add",
      """
      dsl --json work add '{"task": 1}' --id one --priority high
      echo '{"id": "two"}' | dsl --json work add - '{"id": "one"}' --skip-existing
      """),
    Payload("work-claim", "dsl --json work claim -n 2 --agent a; dsl --json work claim -n 99"),
    Payload(
      "work-renew",
      """
      \(claim); dsl --json work renew --claim claim
      dsl work release --claim claim > /dev/null; dsl --json work renew --claim claim
      """),
    Payload(
      "work-progress",
      """
      \(claim); dsl --json work progress --claim claim
      dsl --json work progress --claim claim --percent 50 --note half
      """),
    Payload(
      "work-complete",
      """
      \(claim); dsl --json work complete --claim claim --result '{"ok": true}' --duration-ms 5
      dsl --json work complete --claim claim
      """),
    Payload(
      "work-fail",
      """
      \(claim); dsl --json work fail --claim claim --error 'try again'
      dsl work add '{"max_attempts": 1}' --priority critical > /dev/null
      \(claim); dsl --json work fail --claim claim --error 'that was it'
      """),
    Payload("work-release", "\(claim); dsl --json work release --claim claim"),
    Payload(
      "work-requeue",
      """
      \(claim); dsl --json work requeue $id; dsl --json work requeue $id
      \(claim); dsl work fail --claim claim --error e > /dev/null; dsl --json work requeue $id
      dsl work add '{"max_attempts": 1}' --priority critical > /dev/null
      \(claim); dsl work fail --claim claim --error e > /dev/null; dsl --json work requeue $id
      """),
    Payload(
      "work-list",
      """
      \(claim); dsl work progress --claim claim --percent 1 > /dev/null; dsl --json work list
      dsl work complete --claim claim > /dev/null; dsl --json work list --state completed
      """),
    Payload(
      "work-show",
      """
      \(claim); dsl --json work show $id; dsl work complete --claim claim > /dev/null; dsl --json work show $id
      """),
  ]

  private static let backups = [
    Payload(
      "backup-create", "dsl --json backup create; dsl auto execute > /dev/null; dsl --json backup create"),
    Payload(
      "backup-list",
      """
      dsl --json backup list; dsl backup create > /dev/null; tar -czf coordination/.dsl/backups/other.tgz coordination
      dsl --json backup list
      """),
    Payload(
      "backup-verify",
      """
      dsl backup create > /dev/null; tar -czf plain.tgz --exclude=.dsl coordination; echo x > damaged.tgz
      dsl --json backup verify; dsl --json backup verify latest plain.tgz damaged.tgz missing.tgz
      """),
    Payload(
      "backup-prune",
      """
      for number in 1 2 3; do dsl backup create > /dev/null; done
      dsl --json backup prune --keep-last 2 --dry-run; dsl --json backup prune --keep-daily 2
      """),
    Payload(
      "restore",
      """
      dsl auto execute > /dev/null; dsl backup create > /dev/null
      dsl --json restore latest --to other --dry-run; dsl --json restore latest --to other --at 2020-01-01T00:00:00Z
      dsl --json restore latest --replace; dsl --json restore --undo coordination
      """),
  ]

  private static let others = [
    Payload(
      "serve",
      """
      dsl --json serve --listen 127.0.0.1:0 >said &
      for _ in $(seq 900); do [ -s said ] && break; sleep 0.1; done; kill $!; wait $!; cat said
      """),
    Payload(
      "notify-list",
      """
      dsl --json notify list
      echo '{notify: [{name: log, kind: file, path: told}, {name: no, kind: command, command: [/bin/false]}],
        incidents: {cycles: 1, flush: 200ms}}' > coordination/dsl.yaml
      dsl auto execute > /dev/null 2>&1
      dsl notify list --format json | jq -e '.count > 0 and .waiting > 0' > /dev/null && dsl --json notify list
      """),
    Payload(
      "notify-test",
      """
      echo '{notify: [{name: log, kind: file, path: told}, {name: no, kind: command, command: [/bin/false]}]}' \\
        > coordination/dsl.yaml
      dsl --json notify test log; dsl --json notify test
      """),
    Payload("init", "dsl --json init fresh; dsl --json init"),
    Payload("config-show", "dsl --json config show; dsl init > /dev/null; dsl --json config show"),
    Payload(
      "journal-verify",
      """
      dsl auto execute > /dev/null; dsl --json journal verify --head 0123456789abcdef
      dsl --json journal verify --head $(dsl auto status --format json | jq -r .journal_head)
      """),
    Payload("policy-show", "dsl --json policy show; dsl --json policy show dslmodel"),
    Payload(
      "policy-check",
      """
      dsl --json policy check dslmodel --traces t; dsl --json policy check --backend sim --episodes 2 dslmodel
      """),
    Payload(
      "policy-play",
      """
      dsl policy check --backend sim --episodes 2 dslmodel --traces t > /dev/null; t=t/cluster_fails-1.json
      dsl --json policy play $t a; dsl --json policy play $t b --max-cycles 5 --policy default
      """),
    Payload("policy-diff", "dsl --json policy diff default dslmodel"),
    Payload(
      "policy-test",
      """
      dsl --json policy test '\(Shell.root.path)/examples/policies/default.test.yaml'
      dsl --json policy test '\(Shell.root.path)/examples/policies/default.test.yaml' --policy dslmodel
      """),
    Payload(
      "telemetry-status",
      """
      dsl --json telemetry status; dsl --json telemetry status -c nowhere; dsl auto execute > /dev/null
      dsl --json telemetry status
      """),
    Payload(
      "telemetry-query",
      """
      dsl --json telemetry query; dsl auto execute > /dev/null; dsl --json telemetry query --service dsl
      echo '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"5","body":{"stringValue":"x"}}]}]}]}' > \
        coordination/logs.jsonl
      dsl --json telemetry query --signal logs; dsl --json telemetry query --signal metrics
      """),
    Payload("telemetry-tail", "dsl auto execute > /dev/null; dsl --json telemetry tail -n 3"),
    Payload(
      "telemetry-traces",
      "dsl --json telemetry traces; dsl auto execute > /dev/null; dsl --json telemetry traces"),
    Payload(
      "telemetry-show",
      """
      dsl auto execute > /dev/null
      dsl --json telemetry show $(dsl telemetry traces --format json | jq -r '.traces[0].trace_id')
      """),
    Payload(
      "remediation-history",
      """
      dsl --json telemetry remediation-history; dsl auto execute > /dev/null
      dsl --json telemetry remediation-history
      """),
    Payload(
      "security-report",
      """
      dsl --json telemetry security-report; chmod o+w coordination
      dsl telemetry simulate-security-event injection > /dev/null; dsl --json telemetry security-report
      """),
    Payload(
      "security-rules",
      """
      dsl --json telemetry security-report --print-rules
      dsl telemetry security-report --print-rules > coordination/dsl.yaml
      dsl --json telemetry security-report --print-rules
      """),
    Payload(
      "telemetry-start", "dsl --json telemetry start-processing; dsl --json telemetry start-processing"),
    Payload("telemetry-stop", "dsl --json telemetry stop-processing"),
    Payload("remediation-enable", "dsl --json telemetry enable-remediation --live --by alice"),
    Payload("remediation-disable", "dsl --json telemetry disable-remediation"),
    Payload("remediation-actions", "dsl --json telemetry remediation-actions --service shop"),
    Payload(
      "manual-remediation",
      """
      dsl --json telemetry manual-remediation scale_up; dsl --json telemetry manual-remediation scale_up --live
      dsl --json telemetry manual-remediation scale_up --live; dsl --json telemetry manual-remediation nonsense
      """),
    Payload(
      "simulate-security-event", "dsl --json telemetry simulate-security-event data_exfiltration --level info"
    ),
  ]

  private static let upkeep = [
    Payload(
      "doctor",
      "dsl --json doctor; dsl --json doctor -c nowhere; rm coordination/agent_*; dsl --json doctor --fix"
    ),
    Payload(
      "import-swarmsh",
      """
      mkdir swarm; echo '[{"work_item_id":"w-9","status":"active"},{"x":1},{' > swarm/work_claims.json
      dsl --json import swarmsh swarm --dry-run; dsl --json import swarmsh swarm; dsl --json import swarmsh swarm
      """),
    Payload(
      "journal-info",
      """
      dsl --json journal info; dsl auto execute > /dev/null; mkdir swarm
      echo '{"work_item_id":"w-9"}' > swarm/work_claims.json; dsl import swarmsh swarm > /dev/null
      dsl journal info --format json | jq -e '.notes[0].note.records == 1' > /dev/null && dsl --json journal info
      """),
    Payload(
      "journal-check", "dsl --json journal check; dsl auto execute > /dev/null; dsl --json journal check"),
    Payload(
      "journal-prune",
      """
      dsl auto execute > /dev/null; dsl --json journal prune --dry-run; dsl --json journal prune --keep-days 0
      """),
  ]

  private static let sim = [
    Payload(
      "sim-run",
      SimTests.crashes
        + """
        dsl --json sim run --policy heuristic; dsl --json sim run --policy random --black-boxes b --preset storm --level 2
        """),
    Payload(
      "sim-train",
      """
      dsl --json sim train --out a.agent --episodes 256 --stop-after 64 --setting checkpoints=1 --tensorboard runs
      dsl --json sim train --out a.agent --resume
      """),
    Payload(
      "sim-tune",
      "dsl --json sim tune --native --trials 1 --episodes 64 --size 3x3 --study s.log 2> /dev/null"),
    Payload(
      "sim-evaluate",
      "dsl --json sim evaluate --episodes 3; dsl --json sim evaluate --policy random --black-boxes b --episodes 4"
    ),
    Payload(
      "sim-replay",
      SimTests.crashes + "dsl --json sim replay crashes; dsl --json sim replay crashes --curve 50"),
    Payload(
      "sim-explain",
      SimTests.crashes + "for file in $(ls crashes/*); do dsl --json sim explain $file; break; done"),
    Payload(
      "sim-whatif",
      SimTests.crashes
        + "dsl --json sim whatif $(ls crashes/* | head -1) --at 9 --n 5 --policy oracle --policy random"),
    Payload(
      "sim-diff",
      SimTests.crashes
        + "dsl --json sim diff $(ls crashes/* | head -2); file=$(ls crashes/* | head -1); dsl --json sim diff $file $file"
    ),
    Payload(
      "sim-serve",
      """
      dsl --json sim serve --listen 127.0.0.1:0 >said &
      for _ in $(seq 900); do [ -s said ] && break; sleep 0.1; done; kill $!; wait $!; cat said
      """),
    Payload(
      "sim-pause",
      "dsl --json sim pause --set backend=sim --by 'ann b'; dsl auto status --backend sim > /dev/null"),
    Payload(
      "sim-start", "dsl sim pause --set backend=sim > /dev/null; dsl --json sim start --set backend=sim"),
    Payload(
      "sim-step",
      """
      dsl --json sim step --set backend=sim; dsl --json sim step --count 2 --set backend=sim
      dsl auto status --format json --backend sim | jq -e '.control.pace.steps_left == 3' > /dev/null
      """),
    Payload(
      "sim-export",
      SimTests.crashes
        + """
        file=$(ls crashes/* | head -1); dsl --json sim export $file --to a.svg
        dsl --json sim export $file --to a.png --step 3; dsl --json sim export $file --to a.gif --every 50
        """),
    Payload("sim-bench", "dsl --json sim bench --seconds 0.02 --environments 1,64 --size 4x4"),
    Payload("sim-cluster", SimTests.crashes + "dsl --json sim cluster crashes"),
  ]
}
