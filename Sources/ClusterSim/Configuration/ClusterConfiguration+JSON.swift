package import DSLBase

extension ClusterConfiguration {
  /// Says whether a cluster can be made of these constants.
  ///
  /// - Throws: ``DSLError`` with code `invalid_input` that names the field; NaN is in no range.
  package func validate() throws(DSLError) {
    for field in ConfigurationField.all { try field.validate(self) }
    try inOrder("hot_memory_low", hotMemoryLow, "hot_memory_high", hotMemoryHigh)
    try inOrder("base_low", baseLow, "base_high", baseHigh)
    let fastest =
      leak * 1.5 * max(leakerFactor, 1) * (1 + Double(difficultyLevels) * difficultyLeak)
    guard fastest <= Double(FixedConstants.largestLeak) / FixedConstants.leakUnits else {
      throw DSLError(
        .invalidInput, "leak is \(leak): the fastest leaker would lose \(fastest) a step",
        fix:
          "lower leak, leaker_factor or difficulty_leak: a cell may lose 0.0078 a step before CPU adds to it")
    }
  }

  private func inOrder(_ low: String, _ lower: Double, _ high: String, _ upper: Double) throws(DSLError) {
    guard lower <= upper else {
      throw DSLError(.invalidInput, "\(low) is \(lower), above \(high), \(upper)", fix: "swap them")
    }
  }

  /// The constants by name.
  package var json: JSONValue {
    var object = JSONObject()
    for field in ConfigurationField.all {
      switch field.place {
      case .real(let path, _): object[field.name] = .double(self[keyPath: path])
      case .whole(let path, _): object[field.name] = .int(self[keyPath: path])
      }
    }
    return .object(object)
  }

  /// The canonical constants with those changed that an object names.
  ///
  /// - Throws: ``DSLError`` with code `invalid_input` that names a member that is unknown, no number or out of range.
  package init(json: JSONValue) throws(DSLError) {
    guard let object = json.object else {
      throw DSLError(
        .invalidInput, "a configuration is an object, not \(json.kind)", fix: "give {\"height\": 8, …}")
    }
    self.init()
    let fields = ConfigurationField.all
    for member in object {
      guard let field = fields.first(where: { $0.name == member.key }) else {
        throw DSLError(
          .invalidInput, "\(member.key) is no constant of the simulator", fix: "see docs/simulator.md")
      }
      switch field.place {
      case .real(let path, _):
        guard let value = member.value.double else { throw Self.noNumber(member) }
        self[keyPath: path] = value
      case .whole(let path, _):
        guard let value = member.value.int else { throw Self.noNumber(member) }
        self[keyPath: path] = value
      }
    }
    try validate()
  }

  /// The constants of a preset on a grid, with those changed that an object names.
  ///
  /// - Parameters:
  ///   - preset: its word.
  ///   - size: rows and columns, `8x8`; 6x6 without it.
  ///   - prefix: what messages write before `preset` and `size`: where they were given.
  /// - Throws: ``DSLError`` with code `invalid_input` that names what is wrong.
  package init(preset: String, size: String?, changes: JSONObject, prefix: String) throws(DSLError) {
    guard let known = Preset(rawValue: preset) else {
      throw DSLError(
        .invalidInput, "\(prefix)preset \(preset)",
        fix: "give one of " + Preset.allCases.map(\.rawValue).joined(separator: ", "))
    }
    let parts = (size ?? "6x6").split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let height = parts[0], let width = parts[1] else {
      throw DSLError(
        .invalidInput, "\(prefix)size \(size ?? ""): expected rows and columns such as 8x8")
    }
    var object = ClusterConfiguration(known, height: height, width: width).json.object ?? [:]
    for member in changes { object[member.key] = member.value }
    try self.init(json: .object(object))
  }

  private static func noNumber(_ member: JSONObject.Member) -> DSLError {
    DSLError(
      .invalidInput, "\(member.key) is \(member.value.text())", fix: "give a number, whole where it counts")
  }

  /// SHA-256 of the constants and the version of the dynamics, 64 hexadecimal digits: equal digests mean equal worlds.
  package var digest: String {
    let whole: JSONValue = ["configuration": json, "dynamics_version": .int(Self.dynamicsVersion)]
    return SHA256.hex(of: whole.canonical.serialized())
  }
}
