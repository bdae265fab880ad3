import Autonomy
import Coordination
import DSLBase
import DecisionEngine

/// Engines for a simulated cluster.
enum EngineRules {
  /// The rules of the simulator's heuristic, as `examples/policies/cluster.yaml` has them.
  static func heuristic() throws -> DecisionEngine {
    let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    return try engine(text(of: "/\(root)/examples/policies/cluster.yaml"))
  }

  /// One rule that always decides the same.
  static func always(_ type: DecisionType) throws -> DecisionEngine {
    try engine(
      """
      name: always
      rules:
        - name: always
          type: \(type)
          priority: 5
          confidence: 0.9
          when: {cluster_step: {gte: 0}}
          description: Do it
          rationale: Always
      """)
  }

  /// One that never decides anything.
  static func never() throws -> DecisionEngine {
    try engine(
      """
      name: never
      rules:
        - name: never
          type: scale_up
          priority: 5
          confidence: 0.9
          when: {cluster_step: {lt: 0}}
          description: Do it
          rationale: Never
      """)
  }

  private static func engine(_ yaml: String) throws -> DecisionEngine {
    DecisionEngine(
      policy: try .init(
        yaml: yaml, file: "cluster.yaml", catalog: .everywhere,
        types: DecisionType.all + Settings.clusterTypes))
  }

  private static func text(of path: String) throws -> String {
    String(decoding: try PosixFileSystem().read(path, limit: 1 << 20), as: UTF8.self)
  }
}

extension Settings {
  /// The types that a policy may name on a cluster.
  fileprivate static var clusterTypes: [DecisionType] {
    var settings = Settings()
    settings.backend = "sim"
    return settings.backendTypes
  }
}
