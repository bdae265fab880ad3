package import ClusterSim
package import DSLBase

/// How one training went, as `dsl sim train` writes it down.
package struct TrainingRun: Sendable, Hashable {
  /// Means over the episodes since the point before.
  package struct Point: Sendable, Hashable {
    /// Episodes done.
    package var episodes: Int
    package var reward, steps, ooms, failures: Double

    package init(episodes: Int, reward: Double, steps: Double, ooms: Double, failures: Double) {
      (self.episodes, self.reward, self.steps) = (episodes, reward, steps)
      (self.ooms, self.failures) = (ooms, failures)
    }

    package var json: JSONValue {
      [
        "episodes": .int(episodes), "reward": .double(reward), "steps": .double(steps), "ooms": .double(ooms),
        "failures": .double(failures),
      ]
    }
  }

  /// Of what cluster a curve is: those of different ones cannot be compared.
  package struct Origin: Sendable, Hashable {
    package var dynamicsVersion: Int
    /// SHA-256 of the constants.
    package var configuration: String

    package init(dynamicsVersion: Int, configuration: String) {
      (self.dynamicsVersion, self.configuration) = (dynamicsVersion, configuration)
    }

    /// That of a training.
    package init(_ configuration: ClusterConfiguration) {
      self.init(
        dynamicsVersion: ClusterConfiguration.dynamicsVersion, configuration: configuration.digest)
    }
  }

  /// The columns of numbers, and those of what they are of, which every line repeats so that tables can be put together.
  private static let (numbers, origins) = (
    "episodes,reward,steps,ooms,failures", "dynamics_version,configuration_sha256"
  )

  package var name: String
  /// By episodes, which grow.
  package var points: [Point]
  /// `nil` for a file that does not tell.
  package var origin: Origin?

  package init(name: String, points: [Point], origin: Origin? = nil) {
    (self.name, self.points, self.origin) = (name, points, origin)
  }

  /// Reads a file of `dsl sim train`: its `--csv`, or what it prints as JSON.
  ///
  /// A last line without its end is left out: the file is being written.
  ///
  /// - Throws: ``DSLError`` with code `invalid_input` that names the line or member.
  package init(_ bytes: [UInt8], name: String) throws(DSLError) {
    let isJSON = bytes.first { $0 > 0x20 } == UInt8(ascii: "{")
    let (points, origin) = isJSON ? try Self.json(bytes, name) : try Self.csv(bytes, name)
    self.init(name: name, points: points, origin: origin)
    guard zip(points, points.dropFirst()).allSatisfy({ $0.episodes < $1.episodes }) else {
      throw DSLError(.invalidInput, "\(name): episodes do not grow from point to point")
    }
  }

  /// As CSV.
  package var csv: String {
    let tail = origin.map { ",\($0.dynamicsVersion),\($0.configuration)" } ?? ""
    return points.reduce(Self.numbers + (origin == nil ? "" : "," + Self.origins) + "\n") {
      $0 + "\($1.episodes),\($1.reward),\($1.steps),\($1.ooms),\($1.failures)\(tail)\n"
    }
  }

  private static func csv(_ bytes: [UInt8], _ name: String) throws(DSLError) -> ([Point], Origin?) {
    let whole = bytes.last == 0x0A ? bytes[...] : bytes[...(bytes.lastIndex(of: 0x0A) ?? -1)]
    let lines = String(decoding: whole, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    let hasOrigin = lines.first.map(String.init) == "\(numbers),\(origins)"
    guard hasOrigin || lines.first.map(String.init) == numbers else {
      throw DSLError(
        .invalidInput, "\(name) is no curve: its first line is not \(numbers),\(origins)",
        fix: "give files that dsl sim train --csv wrote, or what it prints with --format json")
    }
    var points: [Point] = []
    var origin: Origin?
    for (number, line) in lines.enumerated().dropFirst() where !line.isEmpty {
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      let values = fields.dropFirst().prefix(4).compactMap { Double($0) }
      guard fields.count == (hasOrigin ? 7 : 5), values.count == 4, let episodes = Int(fields[0]),
        values.allSatisfy(\.isFinite)
      else {
        throw DSLError(
          .invalidInput, "\(name):\(number + 1): expected five numbers\(hasOrigin ? ", and \(origins)" : "")")
      }
      if hasOrigin {
        let told = Int(fields[5]).map { Origin(dynamicsVersion: $0, configuration: String(fields[6])) }
        guard let told, told == origin ?? told else {
          throw DSLError(.invalidInput, "\(name):\(number + 1): \(origins) are not those of one training")
        }
        origin = told
      }
      points.append(
        Point(episodes: episodes, reward: values[0], steps: values[1], ooms: values[2], failures: values[3]))
    }
    return (points, origin)
  }

  private static func json(_ bytes: [UInt8], _ name: String) throws(DSLError) -> ([Point], Origin?) {
    let value: JSONValue
    do throws(JSONError) { value = try JSONParser.parse(bytes) } catch {
      throw DSLError(.invalidInput, "\(name) is no whole JSON", cause: error.description)
    }
    let report = value["data"] ?? value
    guard let curve = report["curve"]?.array else {
      throw DSLError(.invalidInput, "\(name) has no member curve", fix: "give a report of dsl sim train")
    }
    var points: [Point] = []
    for item in curve {
      guard let episodes = item["episodes"]?.int, let reward = item["reward"]?.double,
        let steps = item["steps"]?.double, let ooms = item["ooms"]?.double,
        let failures = item["failures"]?.double
      else { throw DSLError(.invalidInput, "\(name): a point of curve is not as it should be") }
      points.append(
        Point(episodes: episodes, reward: reward, steps: steps, ooms: ooms, failures: failures))
    }
    guard let version = report["dynamics_version"]?.int,
      let configuration = report["configuration_sha256"]?.string
    else { return (points, nil) }
    return (points, Origin(dynamicsVersion: version, configuration: configuration))
  }
}
