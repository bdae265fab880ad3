package import DSLBase

/// What every command prints under `--json`, and what every answer of the HTTP interface is: one form for both, so that
/// whoever reads one reads the other.
package struct Envelope: Sendable {
  /// The command's name: "auto-status".
  package var command: String
  package var data: JSONValue
  /// Members of the payload that stand at the top level as well.
  package var mirrored: [String] = []
  /// What deserves attention and is no error.
  package var warnings: [String] = []
  /// What went wrong; none means success.
  package var errors: [String] = []
  /// About the run itself: with an error its `code` and, where there is one, the `fix`.
  package var metadata: JSONObject = [:]

  package init(_ command: String, _ data: JSONValue) {
    self.command = command
    self.data = data
  }

  /// Exactly timestamp, command, success, data, errors, warnings, metadata, and then what is mirrored.
  package func json(at time: Timestamp) -> JSONValue {
    let now = Timestamp(nanoseconds: time.nanoseconds - time.nanoseconds % 1000)
    var object: JSONObject = [
      "timestamp": now.json, "command": .string(command), "success": .bool(errors.isEmpty), "data": data,
      "errors": .strings(errors), "warnings": .strings(warnings), "metadata": .object(metadata),
    ]
    for key in mirrored { object[key] = data[key] }
    return .object(object)
  }
}
