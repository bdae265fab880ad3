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
    var text = JSONLines(capacity: 400 + work.count)
    let isDone = isCompleted
    text.add("id", Self.name(isDone ? .completed : .failed, id: item.id, stem: item.stem))
    text.add("work_id", item.id)
    text.add("status", isDone ? "completed" : "failed")
    switch outcome {
    case .completed(let result): text.add("result", value: result)
    case .failed(let error): text.add("error", error)
    }
    text.add("finished", finished)
    text.add("started", item.claimedWall)
    text.add("agent_id", item.agent)
    text.add("attempts", literal: String(attempts))
    text.add("duration_ms", value: .double((durationMs * 1000).rounded() / 1000))
    text.add("epoch", literal: String(item.epoch))
    if let traceID { text.add("trace_id", traceID) }
    if item.stem != item.id { text.add("file", "work_\(item.stem).json") }
    text.key("work")
    let workAt = text.bytes.count
    text.bytes.append(contentsOf: JSONText.trimmed(work))
    text.bytes.append(contentsOf: Self.end)
    return (text.bytes, workAt)
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
