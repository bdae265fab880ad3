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

  /// The first line of the file.
  private static let header = "episodes,reward,steps,ooms,failures"

  package var name: String
  /// By episodes, which grow.
  package var points: [Point]

  package init(name: String, points: [Point]) { (self.name, self.points) = (name, points) }

  /// Reads a file of `dsl sim train`: its `--csv`, or what it prints as JSON.
  ///
  /// A last line without its end is left out: the file is being written.
  ///
  /// - Throws: ``DSLError`` with code `invalid_input` that names the line or member.
  package init(_ bytes: [UInt8], name: String) throws(DSLError) {
    let isJSON = bytes.first { $0 > 0x20 } == UInt8(ascii: "{")
    self.init(name: name, points: isJSON ? try Self.json(bytes, name) : try Self.csv(bytes, name))
    guard zip(points, points.dropFirst()).allSatisfy({ $0.episodes < $1.episodes }) else {
      throw DSLError(.invalidInput, "\(name): episodes do not grow from point to point")
    }
  }

  /// As CSV.
  package var csv: String {
    points.reduce(Self.header + "\n") {
      $0 + "\($1.episodes),\($1.reward),\($1.steps),\($1.ooms),\($1.failures)\n"
    }
  }

  private static func csv(_ bytes: [UInt8], _ name: String) throws(DSLError) -> [Point] {
    let whole = bytes.last == 0x0A ? bytes[...] : bytes[...(bytes.lastIndex(of: 0x0A) ?? -1)]
    let lines = String(decoding: whole, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    guard lines.first.map(String.init) == header else {
      throw DSLError(
        .invalidInput, "\(name) is no curve: its first line is not \(header)",
        fix: "give files that dsl sim train --csv wrote, or what it prints with --format json")
    }
    var points: [Point] = []
    for (number, line) in lines.enumerated().dropFirst() where !line.isEmpty {
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      let values = fields.dropFirst().compactMap { Double($0) }
      guard fields.count == 5, values.count == 4, let episodes = Int(fields[0]),
        values.allSatisfy(\.isFinite)
      else { throw DSLError(.invalidInput, "\(name):\(number + 1): expected five numbers") }
      points.append(
        Point(episodes: episodes, reward: values[0], steps: values[1], ooms: values[2], failures: values[3]))
    }
    return points
  }

  private static func json(_ bytes: [UInt8], _ name: String) throws(DSLError) -> [Point] {
    let value: JSONValue
    do throws(JSONError) { value = try JSONParser.parse(bytes) } catch {
      throw DSLError(.invalidInput, "\(name) is no whole JSON", cause: error.description)
    }
    guard let curve = (value["data"] ?? value)["curve"]?.array else {
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
    return points
  }
}
