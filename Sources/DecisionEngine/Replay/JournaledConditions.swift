package import DSLBase

/// What a cycle decided under beside its policy, read from the settings that the journal keeps of it.
package struct JournaledConditions: Sendable, Equatable {
  /// The policy's name or file, as it was configured.
  package let policy: String
  package let health: HealthModel
  package let limits: FleetLimits
  /// How predictions had fared.
  package let record: CalibrationRecord

  /// The member of the journaled settings that holds the record.
  package static let recordKey = "calibration"

  /// - Throws: `DSLError` (`corrupt`) when a setting is missing or of the wrong kind.
  package init(settings: JSONValue) throws(DSLError) {
    let fields = try JSONFields(settings, "settings of the cycle")
    policy = try fields.string("policy")
    limits = FleetLimits(
      minAgents: try fields.int("limits.min_agents"), maxAgents: try fields.int("limits.max_agents"),
      scaleFactor: try fields.double("limits.scale_factor"))
    health = try Self.health(fields["health"])
    record = try CalibrationRecord(json: fields[Self.recordKey])
  }

  private static func health(_ json: JSONValue?) throws(DSLError) -> HealthModel {
    guard let json else { return .standard }
    let reader = YAMLReader(file: "settings of the cycle")
    // JSON is YAML (YAML 1.2.2, section 1.3), so that one reader serves both.
    let node = try? YAMLNode.document(in: json.text(), file: "settings of the cycle")
    guard let node, let model = HealthModel.read(node, reader) else {
      let why = reader.sortedProblems.map(\.reason).joined(separator: "; ")
      throw DSLError(.corrupt, "the health section of the cycle's settings cannot be read", cause: why)
    }
    return model
  }
}
