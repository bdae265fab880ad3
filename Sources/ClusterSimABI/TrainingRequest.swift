import ClusterSim
import DSLBase

/// What a caller asks for: one training, as JSON.
///
/// ```json
/// {"cluster": {"preset": "canonical", "size": "6x6", "constants": {"leak": 0.0006}},
///  "settings": {"episodes": 10000, "n_steps": 10}, "judge": {"episodes": 256, "reports": 8}, "name": "trial-3.agent"}
/// ```
///
/// All of it may be left out; without `judge` the training is not judged on the way.
struct TrainingRequest {
  /// How often a training is judged, and on how many validation episodes each time.
  struct Judge {
    var episodes = 256
    var reports = 8
  }

  var configuration = ClusterConfiguration()
  var settings = TrainingSettings()
  var judge: Judge?
  /// What the agent is called in black boxes.
  var name = "q"

  /// - Throws: ``DSLError`` that names the member that is unknown, of another kind or out of range.
  init(_ bytes: [UInt8]) throws(DSLError) {
    let parsed: JSONValue
    do throws(JSONError) {
      parsed = try JSONParser.parse(bytes)
    } catch {
      throw DSLError(.invalidInput, "the request is no JSON", cause: error.description)
    }
    let object = try Self.object(parsed, "the request", ["cluster", "settings", "judge", "name"])
    if let value = object["cluster"] { configuration = try Self.cluster(value) }
    if let value = object["settings"] { settings = try TrainingSettings(json: value) }
    if let value = object["judge"] { judge = try Self.judge(value) }
    if let value = object["name"] { name = try Self.string(value, "name") }
  }

  private static func cluster(_ value: JSONValue) throws(DSLError) -> ClusterConfiguration {
    let object = try object(value, "cluster", ["preset", "size", "constants"])
    let changes = try object["constants"].map { (value) throws(DSLError) -> JSONObject in
      guard let changes = value.object else { throw wrong("constants", value, "an object") }
      return changes
    }
    let preset = try object["preset"].map { (value) throws(DSLError) in try string(value, "preset") }
    let size = try object["size"].map { (value) throws(DSLError) in try string(value, "size") }
    return try ClusterConfiguration(
      preset: preset ?? "canonical", size: size, changes: changes ?? [:], prefix: "")
  }

  private static func judge(_ value: JSONValue) throws(DSLError) -> Judge {
    var judge = Judge()
    for member in try object(value, "judge", ["episodes", "reports"]) {
      guard let count = member.value.int else { throw wrong(member.key, member.value, "a whole number") }
      if member.key == "episodes" { judge.episodes = count } else { judge.reports = count }
    }
    return judge
  }

  private static func object(
    _ value: JSONValue, _ name: String, _ known: [String]
  ) throws(DSLError) -> JSONObject {
    guard let object = value.object else { throw wrong(name, value, "an object") }
    for member in object where !known.contains(member.key) {
      throw DSLError(
        .invalidInput, "\(name) has a member \(member.key)", fix: "use \(known.joined(separator: ", "))")
    }
    return object
  }

  private static func string(_ value: JSONValue, _ name: String) throws(DSLError) -> String {
    guard let text = value.string else { throw wrong(name, value, "a text") }
    return text
  }

  private static func wrong(_ name: String, _ value: JSONValue, _ wanted: String) -> DSLError {
    DSLError(.invalidInput, "\(name) is \(value.text())", fix: "give \(wanted)")
  }
}
