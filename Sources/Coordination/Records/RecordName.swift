import Glibc

/// What a file name in a coordination directory promises.
///
/// Records are `PREFIX<id>.json`. Programs around the original keep their own state beside them under names that the same
/// glob finds (`agent_coordination_state.json` and others); those are look-alikes, never records.
package enum RecordName: Sendable, Equatable {
  /// A record of that kind, unless its content says otherwise.
  case record(RecordKind)
  /// Another program's state under a name like a record's.
  case lookalike
  /// Neither.
  case other

  /// What the name promises.
  package init(_ name: UnsafeBufferPointer<UInt8>) {
    guard let kind = Self.kind(name) else {
      self = .other
      return
    }
    self = Self.isLookalike(kind, name) ? .lookalike : .record(kind)
  }

  /// The id that a name gives its record: what stands between prefix and `.json`.
  package static func id(_ kind: RecordKind, _ name: UnsafeBufferPointer<UInt8>) -> String {
    let id = name.dropFirst(kind.prefix.utf8.count).dropLast(suffix.utf8CodeUnitCount)
    return String(decoding: id, as: UTF8.self)
  }

  /// Whether a record of that id would be taken for another program's state; such ids must not be given out.
  package static func isReserved(_ kind: RecordKind, id: String) -> Bool {
    var name = kind.prefix + id + ".json"
    return name.withUTF8 { isLookalike(kind, $0) }
  }

  private static let suffix: StaticString = ".json"

  private static func kind(_ name: UnsafeBufferPointer<UInt8>) -> RecordKind? {
    guard name.count > 10, name.ends(with: suffix) else { return nil }
    switch name[0] {
    case UInt8(ascii: "a"): return name.starts(with: "agent_") ? .agent : nil
    case UInt8(ascii: "w"): return name.starts(with: "work_") ? .work : nil
    case UInt8(ascii: "c"): return name.starts(with: "completed_") ? .completed : nil
    case UInt8(ascii: "f"): return name.starts(with: "failed_") ? .failed : nil
    case UInt8(ascii: "t"): return name.starts(with: "telemetry_") ? .telemetry : nil
    default: return nil
    }
  }

  private static func isLookalike(_ kind: RecordKind, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
    switch kind {
    case .agent: name.spells("agent_coordination_state.json") || name.spells("agent_status.json")
    case .work: name.spells("work_claims.json") || name.spells("work_queue.json")
    case .completed, .failed, .telemetry: false
    }
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// Whether these are the bytes of the word.
  func spells(_ word: StaticString) -> Bool {
    count == word.utf8CodeUnitCount && starts(with: word)
  }

  func starts(with word: StaticString) -> Bool {
    guard let base = baseAddress, count >= word.utf8CodeUnitCount else { return false }
    return memcmp(base, word.utf8Start, word.utf8CodeUnitCount) == 0
  }

  func ends(with word: StaticString) -> Bool {
    guard let base = baseAddress, count >= word.utf8CodeUnitCount else { return false }
    return memcmp(base + (count - word.utf8CodeUnitCount), word.utf8Start, word.utf8CodeUnitCount) == 0
  }
}
