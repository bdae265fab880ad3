package import DSLBase

extension BlackBox {
  /// The longest file that is read.
  package static let limit = 64 << 20
  /// Characters of a policy's name at most.
  private static let policyLimit = 256

  /// The file: everything, and SHA-256 over its canonical text without that member.
  package var json: JSONValue {
    var object = content
    object["sha256"] = .string(Self.digest(of: object))
    return .object(object)
  }

  /// The file as it is written: one line.
  package var bytes: [UInt8] { json.serialized(.compact) + [0x0A] }

  private var content: JSONObject {
    [
      "format": .string(Self.format), "dynamics_version": .int(ClusterConfiguration.dynamicsVersion),
      "engine": .string(DSLVersion.current), "configuration_sha256": .string(configuration.digest),
      "configuration": configuration.json, "policy": .string(policy),
      "policy_sha256": .optional(policyDigest), "key": .string(Self.text(key)), "level": .int(level),
      "cause": .string(cause.name), "steps": .int(actions.count), "reward": .double(reward),
      "ooms": .int(ooms), "incidents": .array(incidents.map(\.json)),
      "actions": .string(String(decoding: actions.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)),
      "state_digests": .string(digests.map(Self.hex).joined()), "tail": .array(tail.map(Self.json)),
    ]
  }

  /// A policy's name without what a terminal or a picture would take for something else.
  static func shown(_ policy: String) -> String {
    var scalars = String.UnicodeScalarView()
    for scalar in policy.unicodeScalars.prefix(policyLimit) {
      let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
      scalars.append(isControl ? "_" : scalar)
    }
    return String(scalars)
  }

  private static func digest(of content: JSONObject) -> String {
    SHA256.hex(of: JSONValue.object(content).canonical.serialized())
  }

  private static func hex(_ digest: UInt32) -> String {
    let digits = String(digest, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  private static func json(_ moment: Moment) -> JSONValue {
    [
      "step": .int(moment.step), "at": [.int(moment.row), .int(moment.column)], "action": .int(moment.action),
      "budget": .double(moment.budget), "own_memory": .double(moment.ownMemory), "risk": .double(moment.risk),
      "hot_share": .double(moment.hot),
    ]
  }

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - name: of the file, for messages.
  ///   - isToBeTrue: whether a file is refused whose actions, done again, do not lead to what it tells.
  /// - Throws: ``DSLError`` with code `corrupt` for what is no black box, cut, edited or untrue, `invalid_input` for another format or
  ///   version of the dynamics.
  package init(_ json: JSONValue, name: String, isToBeTrue: Bool = true) throws(DSLError) {
    let fields = try JSONFields(json, name)
    guard fields["format"]?.string == Self.format else {
      throw DSLError(
        .invalidInput, "\(name) has the format \(fields["format"]?.string ?? "of something else")",
        fix: "give a file that dsl sim run --black-boxes wrote; this build reads \(Self.format)")
    }
    var object = json.object ?? JSONObject()
    let written = try fields.string("sha256")
    object["sha256"] = nil
    guard Self.digest(of: object) == written else {
      throw DSLError(
        .corrupt, "\(name) was edited or cut: its digest is another", fix: "record the episode again")
    }
    let version = try fields.int("dynamics_version")
    guard version == ClusterConfiguration.dynamicsVersion else {
      throw DSLError(
        .invalidInput,
        "\(name) follows dynamics \(version), this build \(ClusterConfiguration.dynamicsVersion)",
        fix: "examine it with the build that wrote it")
    }
    configuration = try ClusterConfiguration(json: .object(fields.object("configuration")))
    guard configuration.digest == (try fields.string("configuration_sha256")) else {
      throw DSLError(.corrupt, "\(name): configuration_sha256 is of another configuration")
    }
    (policy, policyDigest) = (try fields.string("policy"), fields["policy_sha256"]?.string)
    guard let key = UInt64(try fields.string("key"), radix: 16) else {
      throw DSLError(.corrupt, "\(name): key is no hexadecimal number of 64 bits")
    }
    (self.key, level, reward) = (key, try fields.int("level"), try fields.double("reward"))
    ooms = try fields.int("ooms")
    let word = try fields.string("cause")
    guard let cause = EndCause.allCases.first(where: { $0.name == word }) else {
      throw DSLError(.corrupt, "\(name): cause is \(word)")
    }
    self.cause = cause
    actions = try fields.string("actions").utf8.map { $0 &- UInt8(ascii: "0") }
    digests = Self.digests(try fields.string("state_digests"))
    incidents = try Self.list(fields, "incidents", name) { (item) throws(DSLError) in
      let node = try item.array("node").compactMap(\.int)
      guard node.count == 2 else { throw DSLError(.corrupt, "\(name): an incident without a node") }
      return Incident(
        step: try item.int("step"), row: node[0], column: node[1], isCritical: try item.bool("critical"))
    }
    tail = try Self.list(fields, "tail", name) { (item) throws(DSLError) in try Self.moment(item, name) }
    try expectWhole(name, steps: try fields.int("steps"))
    if isToBeTrue { try expectTrue(name) }
  }

  private func expectWhole(_ name: String, steps: Int) throws(DSLError) {
    let isInside = incidents.allSatisfy {
      (0..<configuration.height).contains($0.row) && (0..<configuration.width).contains($0.column)
    }
    guard actions.allSatisfy({ $0 < 8 }), steps == actions.count, digests.count == actions.count + 1,
      isInside,
      incidents.allSatisfy({ (1...max(actions.count, 1)).contains($0.step) }),
      (0...configuration.difficultyLevels).contains(level)
    else {
      throw DSLError(.corrupt, "\(name): actions, steps, digests, level and incidents do not fit together")
    }
    // It is shown on terminals and in pictures.
    guard policy == Self.shown(policy) else {
      throw DSLError(.corrupt, "\(name): policy is no name of one")
    }
  }

  /// Does the episode again, so that nothing is concluded from what was not so.
  private func expectTrue(_ name: String) throws(DSLError) {
    let difference: String
    do throws(DSLError) {
      switch try replay() {
      case .same: return
      case .diverged(let step): difference = "step \(step) leads to another state"
      case .mistold(let member): difference = "\(member) is another"
      }
    } catch {
      difference = error.message
    }
    throw DSLError(
      .corrupt, "\(name) does not tell what its actions did: \(difference)",
      fix: "see dsl sim replay \(name); record the episode again")
  }

  private static func digests(_ text: String) -> [UInt32] {
    let digits = Array(text.utf8)
    return stride(from: 0, to: digits.count - digits.count % 8, by: 8).compactMap { at in
      UInt32(String(decoding: digits[at..<at + 8], as: UTF8.self), radix: 16)
    }
  }

  private static func list<Element>(
    _ fields: JSONFields, _ member: String, _ name: String,
    _ element: (JSONFields) throws(DSLError) -> Element
  ) throws(DSLError) -> [Element] {
    var result: [Element] = []
    for item in try fields.array(member) {
      result.append(try element(JSONFields(item, "\(name): \(member)")))
    }
    return result
  }

  private static func moment(_ item: JSONFields, _ name: String) throws(DSLError) -> Moment {
    let at = try item.array("at").compactMap(\.int)
    guard at.count == 2, let action = UInt8(exactly: try item.int("action")) else {
      throw DSLError(.corrupt, "\(name): a moment of the tail is not as it should be")
    }
    return Moment(
      step: try item.int("step"), row: at[0], column: at[1], action: action,
      budget: try item.double("budget"),
      ownMemory: try item.double("own_memory"), risk: try item.double("risk"),
      hot: try item.double("hot_share"))
  }
}
