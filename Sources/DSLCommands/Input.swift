import ArgumentParser
import Coordination
import DSLBase

/// What commands take in beside their flags.
enum Input {
  /// Bytes read from stdin or a file at most.
  static let limit = 256 << 20

  /// The content of a file, or of stdin for `-`.
  static func bytes(_ path: String, _ context: Context) throws -> [UInt8] {
    guard path != "-" else {
      guard let bytes = context.console.standardInput(limit: limit) else {
        throw DSLError(.invalidInput, "stdin holds more than 256 MiB", fix: "split it and call again")
      }
      return bytes
    }
    do {
      return try context.files.read(path, limit: limit)
    } catch {
      throw error.asDSLError
    }
  }

  /// One JSON value.
  static func json(_ bytes: [UInt8], _ name: String) throws -> JSONValue {
    do throws(JSONError) {
      return try JSONParser.parse(bytes)
    } catch {
      throw DSLError(.invalidInput, "\(name) is not JSON", cause: error.description)
    }
  }

  /// JSON Lines; empty lines are passed over.
  ///
  /// - Throws: `invalidInput` naming every bad line, at most 20 of them.
  static func jsonLines(_ bytes: [UInt8], _ name: String) throws -> [(line: Int, value: JSONValue)] {
    var values: [(line: Int, value: JSONValue)] = []
    var problems: [String] = []
    for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      guard line.contains(where: { $0 > 0x20 }) else { continue }
      do throws(JSONError) {
        values.append((index + 1, try JSONParser.parse(Array(line))))
      } catch {
        problems.append("\(name):\(index + 1): \(error)")
      }
    }
    guard problems.isEmpty else {
      let rest = problems.count > 20 ? "\nand \(problems.count - 20) more" : ""
      throw DSLError(
        .invalidInput, problems.prefix(20).joined(separator: "\n") + rest, fix: "write one JSON object a line"
      )
    }
    return values
  }

  /// A duration of a flag, in seconds.
  static func seconds(_ text: String, _ flag: String) throws -> Double {
    guard let seconds = YAMLQuantity.seconds(text), seconds > 0 else {
      throw DSLError(.invalidInput, "\(flag) \(text): expected a duration such as 250ms, 30s, 5m or 2h")
    }
    return seconds
  }

  /// A time of a flag: how long ago, or when.
  static func time(_ text: String, _ flag: String, now: Timestamp) throws -> Timestamp {
    if let seconds = YAMLQuantity.seconds(text) { return now.adding(seconds: -seconds) }
    guard let time = Timestamp.parse(text)?.time else {
      throw DSLError(
        .invalidInput,
        "\(flag) \(text): expected how long ago, such as 2h, or a time such as 2026-11-21T09:00:00Z")
    }
    return time
  }

  /// The shown name of an input: its path, or "stdin".
  static func name(_ path: String) -> String { path == "-" ? "stdin" : path }
}
