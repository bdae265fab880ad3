import Coordination
import DSLBase

/// A SwarmSH directory as its scripts leave it, faults included.
enum SwarmFixture {
  /// A fast claim is in one file, its completion in another; two claims have one id; the array is cut off.
  static let claims = """
    [
      {
        "work_item_id": "work_1750000000000000001",
        "agent_id": "agent_1",
        "reactor_id": "shell_agent",
        "claimed_at": "2025-06-16T10:00:00Z",
        "estimated_duration": "30m",
        "work_type": "parse",
        "priority": "critical",
        "description": "one",
        "status": "active",
        "team": "alpha",
        "telemetry": { "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "" }
      },
      {
        "work_item_id": "work_1750000000000000002",
        "agent_id": "agent_2",
        "claimed_at": "2025-06-16T10:00:01Z",
        "work_type": "build",
        "priority": "low",
        "description": "two",
        "status": "in_progress",
        "progress": 40
      },
      {
        "work_item_id": "work_1750000000000000002",
        "agent_id": "agent_3",
        "claimed_at": "2025-06-16T10:00:02Z",
        "work_type": "deploy",
        "priority": "medium",
        "description": "another item of the same nanosecond",
        "status": "active"
      },
      {
        "work_item_id": "work_1750000000000000003",
        "agent_id": "agent_1",
        "status": "fai
    """

  static let fast = """
    {"work_item_id":"work_1750000000000000004","agent_id":"agent_2","claimed_at":"2025-06-16T11:00:00Z","work_type":"x","priority":"high","description":"four","status":"active"}
    {"work_item_id":"work_1750000000000000005","agent_id":"agent_2","claimed_at":"2025-06-16 11:00:00+02:00","work_type":"x","priority":7,"description":"five","status":"failed"}
    not json at all
    {"agent_id":"agent_2"}

    """

  static let log = """
    [
      {
        "work_item_id": "work_1750000000000000004",
        "completed_at": "2025-06-16T12:00:00Z",
        "agent_id": "agent_2",
        "result": "Done, at length: a paragraph with \\"quotes\\".",
        "velocity_points": 8
      }
    ]
    """

  static let agents = """
    [
      {"agent_id": "agent_1", "team": "alpha", "status": "active", "capacity": 100,
       "last_heartbeat": "2025-06-16T10:00:00Z",
       "performance_metrics": {"tasks_completed": 9007199254740993, "success_rate": 100.0}},
      {"agent_id": "agent_2", "status": "active"},
      {"agent_id": "agent_now", "status": "busy", "last_heartbeat": "2026-09-21T13:46:30Z"}
    ]
    """

  /// The main writer pretty-prints; callers shift arguments, so that values are missing or numbers padded.
  static let spans = """
    {
      "trace_id": "0af7651916cd43dd8448eb211c80319c",
      "span_id": "b7ad6b7169203331",
      "operation_name": "s2s.work.claim",
      "status": "ok"
    }
    {
      "trace_id": "x",
      "span_attributes": ,
      "nested": {
        "duration_ms": 5
      }
    }
    {"operation":"one.line","duration_ms":12,"status":"completed"}
    {
      "duration_ms": 00,
      "status": "error"
    }
    {"operation":"last","timestamp":"2025-06-26T05:56:33.3NZ"}

    """

  static let files: [(name: String, text: String)] = [
    ("work_claims.json", claims), ("work_claims_fast.jsonl", fast), ("coordination_log.json", log),
    ("agent_status.json", agents), ("telemetry_spans.jsonl", spans), ("velocity_log.txt", "not ours"),
    (
      "archived_claims/completed_claims_20250615.json",
      #"[{"work_item_id":"work_1740000000000000000","status":"completed","completed_at":"2025-06-15T01:00:00Z"}]"#
    ),
    (
      "backups/work_claims_20250615.json",
      #"[{"work_item_id":"work_1740000000000000000","status":"active","description":"from the backup"}]"#
    ),
  ]

  /// The heartbeat of `agent_now` is ten seconds before this.
  static let now = Timestamp.parse("2026-09-21T13:46:40Z")?.time ?? Timestamp(seconds: 0)

  static func write(to path: String, _ files: any FileSystem) throws {
    for folder in ["", "/archived_claims", "/backups"] { try files.makeDirectory(path + folder) }
    for (name, text) in Self.files { try files.write("\(path)/\(name)", Array(text.utf8), exclusive: true) }
  }

  /// Offset of a text in one of the files.
  static func offset(of part: String, in text: String) -> Int? {
    let (whole, part) = (Array(text.utf8), Array(part.utf8))
    return whole.indices.first { whole[$0...].starts(with: part) }
  }
}
