import DSLBase

/// What is about to be `completed_<id>.json` or `failed_<id>.json`: the outcome around the item's own bytes.
struct FinishedRecord {
  enum Outcome {
    case completed(JSONValue)
    case failed(String)
  }

  let item: ItemRow
  let outcome: Outcome
  let attempts: Int
  let finished: Timestamp
  let durationMs: Double
  let traceID: String?

  var isCompleted: Bool { if case .completed = outcome { true } else { false } }

  /// What the file will be called without `.json`: by the item's id, or by its file where the id cannot be a name.
  static func name(_ kind: OutboxKind, id: String, stem: String) -> String {
    let word = kind == .failed ? "failed_" : "completed_"
    if CoordinationDirectory.isSafe(id: id) { return word + id }
    guard stem.utf8.count > 200 else { return word + stem }
    return word + String(decoding: Array(stem.utf8.prefix(180)).filter { $0 < 0x80 }, as: UTF8.self)
      + "-" + String(JSONText.hash(stem), radix: 16)
  }

  /// The record as text.
  ///
  /// - Parameter work: the item's bytes, which are embedded as they are.
  /// - Returns: the text, and where in it the item's bytes begin; they end before the last three bytes.
  func encoded(work: [UInt8]) -> (bytes: [UInt8], workAt: Int) {
    let name = Self.name(isCompleted ? .completed : .failed, id: item.id, stem: item.stem)
    var object: JSONObject = [
      "id": .string(name), "work_id": .string(item.id), "status": isCompleted ? "completed" : "failed",
    ]
    switch outcome {
    case .completed(let result): object["result"] = result
    case .failed(let error): object["error"] = .string(error)
    }
    object["finished"] = finished.json
    object["started"] = item.claimedWall.map(\.json) ?? .null
    object["agent_id"] = .optional(item.agent)
    object["attempts"] = .int(attempts)
    object["duration_ms"] = .double((durationMs * 1000).rounded() / 1000)
    object["epoch"] = .int(item.epoch)
    if let traceID { object["trace_id"] = .string(traceID) }
    if item.stem != item.id { object["file"] = .string("work_\(item.stem).json") }
    var bytes = JSONValue.object(object).serialized(.pretty)
    bytes.removeLast(2)
    bytes.append(contentsOf: ",\n  \"work\": ".utf8)
    let workAt = bytes.count
    bytes.append(contentsOf: JSONText.trimmed(work))
    bytes.append(contentsOf: Self.end)
    return (bytes, workAt)
  }

  /// What follows the item's bytes.
  static let end = Array("\n}\n".utf8)
}

/// Small operations on JSON text.
enum JSONText {
  /// The text without white space around it.
  static func trimmed(_ text: [UInt8]) -> ArraySlice<UInt8> {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    guard let first = text.firstIndex(where: { !isSpace($0) }),
      let last = text.lastIndex(where: { !isSpace($0) })
    else { return [] }
    return text[first...last]
  }

  /// The bytes of one top-level member's value.
  ///
  /// - Returns: `nil` when the text is no object, or has no such member.
  static func member(_ name: String, of text: [UInt8]) -> [UInt8]? {
    text.withUnsafeBufferPointer { buffer in
      var scanner = JSONScanner(buffer)
      var range: Range<Int>?
      scanner.skipWhitespace()
      do throws(JSONError) {
        try scanner.forEachMember { (member, _) throws(JSONError) in
          if buffer[member.key.range].elementsEqual(name.utf8) { range = member.value }
        }
        try scanner.finish()
      } catch {
        return nil
      }
      return range.map { Array(buffer[$0]) }
    }
  }

  /// FNV-1a.
  static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}
