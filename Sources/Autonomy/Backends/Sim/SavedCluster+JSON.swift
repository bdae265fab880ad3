import ClusterSim
package import DSLBase

extension SavedCluster {
  /// The file: everything, and SHA-256 over its canonical text without that member.
  package var json: JSONValue {
    var object = content
    object["sha256"] = .string(Self.digest(of: object))
    return .object(object)
  }

  private var content: JSONObject {
    var ended = JSONObject()
    for cause in EndCause.allCases where cause != .none {
      ended[cause.name] = .int(ends[Int(cause.rawValue)])
    }
    return [
      "format": .string(Self.format), "dynamics_version": .int(ClusterConfiguration.dynamicsVersion),
      "configuration_sha256": .string(configuration.digest), "configuration": configuration.json,
      "seed": .int(seed), "episode": .int(number), "key": .string(BlackBox.text(episode.key)),
      "level": .int(episode.level), "survivals": .int(episode.survivals), "steps": .int(episode.step),
      "actions": .string(String(decoding: episode.actions.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)),
      "state": .string(SHA256.hex(episode.state)),
      "state_digest": .string(BlackBox.text(episode.digest)),
      "earlier_steps": .int(earlierSteps), "earlier_reward": .double(earlierReward),
      "ended": .object(ended),
    ]
  }

  private static func digest(of content: JSONObject) -> String {
    SHA256.hex(of: JSONValue.object(content).canonical.serialized())
  }

  /// Nothing that is counted here gets beyond, and sums of it are far from overflowing.
  private static let most = 1 << 53

  /// Reads a file.
  ///
  /// - Parameter name: of the file, for messages.
  /// - Throws: `corrupt` for what is no saved cluster, cut or edited; `invalidInput` for another format or version of the
  ///   dynamics.
  package init(_ bytes: [UInt8], name: String) throws(DSLError) {
    let fix = "begin anew by moving the file away"
    guard let json = try? JSONParser.parse(bytes), var object = json.object else {
      throw DSLError(.corrupt, "\(name) is no whole JSON", fix: fix)
    }
    let fields = try JSONFields(json, name)
    guard fields["format"]?.string == Self.format else {
      throw DSLError(.invalidInput, "\(name) is no saved cluster of this build", fix: fix)
    }
    let written = try fields.string("sha256")
    object["sha256"] = nil
    guard Self.digest(of: object) == written else {
      throw DSLError(.corrupt, "\(name) was edited or cut: its digest is another", fix: fix)
    }
    let version = try fields.int("dynamics_version")
    guard version == ClusterConfiguration.dynamicsVersion else {
      throw DSLError(
        .invalidInput,
        "\(name) follows dynamics \(version), this build \(ClusterConfiguration.dynamicsVersion)",
        fix: "go on with the build that wrote it, or " + fix)
    }
    // The digest guards against damage. Who writes one of their own is told what cannot be.
    func count(_ fields: JSONFields, _ member: String, _ largest: Int = Self.most) throws(DSLError) -> Int {
      let value = try fields.int(member)
      guard (0...largest).contains(value) else {
        throw DSLError(.corrupt, "\(name): \(member) is \(value), not from 0 to \(largest)", fix: fix)
      }
      return value
    }
    let configuration = try ClusterConfiguration(json: .object(fields.object("configuration")))
    guard configuration.digest == (try fields.string("configuration_sha256")) else {
      throw DSLError(.corrupt, "\(name): configuration_sha256 is of other constants", fix: fix)
    }
    guard let key = UInt64(try fields.string("key"), radix: 16),
      let state = Hexadecimal.bytes(try fields.string("state"))
    else { throw DSLError(.corrupt, "\(name): key or state is not hexadecimal", fix: fix) }
    let episode = try OpenEpisode(
      configuration, key: key, level: try fields.int("level"), survivals: try count(fields, "survivals"),
      actions: try fields.string("actions").utf8.map { $0 &- UInt8(ascii: "0") }, state: state)
    guard BlackBox.text(episode.digest) == (try fields.string("state_digest")) else {
      throw DSLError(.corrupt, "\(name): state_digest is of another state", fix: fix)
    }
    guard try fields.int("steps") == episode.step else {
      throw DSLError(.corrupt, "\(name): steps is not the number of its actions", fix: fix)
    }
    let ended = try JSONFields(fields["ended"], "\(name): ended")
    var ends = EndCause.allCases.map { _ in 0 }
    for cause in EndCause.allCases where cause != .none {
      ends[Int(cause.rawValue)] = try count(ended, cause.name)
    }
    self.init(
      seed: try count(fields, "seed", KeySpace.largestSeed),
      number: try count(fields, "episode", KeySpace.largestEpisode), episode: episode, ends: ends,
      earlierSteps: try count(fields, "earlier_steps"),
      earlierReward: try fields.double("earlier_reward"))
  }
}

/// Bytes written as two hexadecimal digits each.
enum Hexadecimal {
  /// `nil` for what is not hexadecimal or of an odd length.
  static func bytes(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var high: UInt8?
    for character in text.utf8 {
      let digit: UInt8
      switch character {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
      default: return nil
      }
      if let first = high {
        bytes.append(first << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return high == nil ? bytes : nil
  }
}
