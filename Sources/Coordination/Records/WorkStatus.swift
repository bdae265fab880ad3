/// What a work item's status word means; the words of the programs that write such records, by class.
package enum WorkStatus: UInt8, Sendable, Hashable, CaseIterable {
  /// Waiting for an agent. Also an item that has no status: it is in the queue, so it waits.
  case pending
  /// An agent works on it, as far as the record knows.
  case claimed
  /// Finished, though it still stands among the live records.
  case done
  /// Given up.
  case failed
  /// A word this engine does not know. The item counts as live: only a known word takes it out of the queue.
  case other

  /// Whether the item is still to be done.
  package var isLive: Bool { self != .done && self != .failed }

  /// The class of a status word, ASCII case ignored.
  package init(_ word: UnsafeBufferPointer<UInt8>) {
    switch word.count {
    case 7 where word.matches("pending"): self = .pending
    case 7 where word.matches("claimed") || word.matches("running"): self = .claimed
    case 9 where word.matches("completed"): self = .done
    default: self = Self.rare(word)
    }
  }

  /// The class of a status word, ASCII case ignored.
  package init(_ word: String) {
    var word = word
    self = word.withUTF8 { WorkStatus($0) }
  }

  private static func rare(_ word: UnsafeBufferPointer<UInt8>) -> WorkStatus {
    switch String(decoding: word, as: UTF8.self).lowercased() {
    case "", "new", "open", "queued", "ready", "todo", "waiting", "retry", "requeued", "available": .pending
    case "active", "in_progress", "in-progress", "assigned", "processing", "started", "working": .claimed
    case "complete", "done", "success", "succeeded", "finished", "closed": .done
    case "failed", "failure", "error", "cancelled", "canceled", "rejected", "dead": .failed
    default: .other
    }
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// Whether these are the letters of a lower-case word, ASCII case ignored.
  func matches(_ word: StaticString) -> Bool {
    guard count == word.utf8CodeUnitCount else { return false }
    for position in 0..<count {
      let byte = self[position]
      let lower = byte &- 0x41 < 26 ? byte | 0x20 : byte
      guard lower == word.utf8Start[position] else { return false }
    }
    return true
  }
}
