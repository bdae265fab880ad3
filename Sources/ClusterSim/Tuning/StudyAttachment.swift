package import DSLBase

/// A file that is attached to a trial or to a study as Optuna attaches artifacts: its content lies in a store under an id, and an attribute of
/// the system names it (`optuna/artifacts/_upload.py` and `_filesystem.py` of Optuna 4 and 5).
package struct StudyAttachment: Sendable, Hashable {
  /// Whose it is.
  package enum Owner: Sendable, Hashable {
    case study
    /// By its number within the study.
    case trial(Int)

    fileprivate var text: String {
      switch self {
      case .study: "study"
      case .trial(let number): "trial \(number)"
      }
    }
  }

  /// Its file in the store.
  package let id: String
  /// The name that people see.
  package let name: String
  package let content: [UInt8]

  /// - Parameters:
  ///   - study: the name of the study.
  ///   - seed: of the search. With the study, the owner and the name it makes the id: a search that repeats itself repeats it, and
  ///     what is attached again takes the place of what was.
  package init(_ name: String, _ content: [UInt8], of owner: Owner, study: String, seed: Int) {
    (self.name, self.content) = (name, content)
    id = Self.id([study, "\(seed)", owner.text, name])
  }

  /// A UUID of version 8, whose bits are ours to choose (RFC 9562, section 5.8): of SHA-256 over the words.
  private static func id(_ words: [String]) -> String {
    var bytes = SHA256.digest(of: JSONValue.strings(words).serialized())
    bytes[6] = bytes[6] & 0x0F | 0x80
    bytes[8] = bytes[8] & 0x3F | 0x80
    var ranges: [String] = []
    var start = 0
    for count in [4, 2, 2, 2, 6] {
      ranges.append(SHA256.hex(bytes[start..<start + count]))
      start += count
    }
    return ranges.joined(separator: "-")
  }

  /// The attribute that names it.
  package var attribute: (key: String, value: JSONValue) {
    let said: JSONValue = [
      "artifact_id": .string(id), "filename": .string(name), "mimetype": .string(mimetype), "encoding": .null,
    ]
    return (Self.prefix + id, .string(said.text()))
  }

  static let prefix = "artifacts:"

  private var mimetype: String {
    switch name.split(separator: ".").last {
    case "md": "text/markdown"
    case "svg": "image/svg+xml"
    case "csv": "text/csv"
    case "json": "application/json"
    default: "application/octet-stream"
    }
  }
}
