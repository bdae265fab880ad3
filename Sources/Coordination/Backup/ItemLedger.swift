import DSLBase

/// Where each item of an archive is, by what the records say: to find those that are in two places.
struct ItemLedger {
  /// A finished item.
  struct End: Equatable {
    var path: String
    var isCompleted: Bool
  }

  /// An item in two places, and which of its records gives way.
  struct Doubled: Equatable {
    var id: String
    var kept: String
    var aside: String
  }

  /// Work files by the item's id.
  private var live: [String: String] = [:]
  private var quarantined: [String: String] = [:]
  private var ends: [String: [End]] = [:]
  /// Records that are no JSON objects, the first of them, and how many there are.
  private(set) var unreadable: [String] = []
  private(set) var unreadableCount = 0

  /// Takes in a file.
  ///
  /// - Parameter limit: how many unreadable records are named.
  mutating func take(_ path: String, _ content: [UInt8], limit: Int) {
    let folder = BackupListing.quarantine + "/"
    let isQuarantined = path.hasPrefix(folder)
    let name = isQuarantined ? String(path.dropFirst(folder.count)) : path
    guard !name.contains("/"), case .record(let kind) = RecordName(name) else { return }
    let stem = String(name.dropFirst(kind.prefix.utf8.count).dropLast(".json".utf8.count))
    guard Self.isObject(content) else {
      unreadableCount += 1
      if unreadable.count < limit { unreadable.append(path) }
      return
    }
    switch kind {
    case .work:
      let id = Self.text("id", content) ?? stem
      if isQuarantined { quarantined[id] = path } else { live[id] = path }
    case .completed, .failed:
      // Only a record that names its item tells of it: completed_1 of another program need not be the end of work_1.
      guard !isQuarantined, let id = Self.text("work_id", content) else { return }
      ends[id, default: []].append(End(path: path, isCompleted: kind == .completed))
    case .agent, .telemetry: break
    }
  }

  /// Items in two places: completed before failed before live before quarantined.
  ///
  /// - Parameter leaving: ids of items whose end is in the queue's outbox, so that both files may be there.
  func doubled(leaving: Set<String>) -> [Doubled] {
    var found: [Doubled] = []
    for id in Set(live.keys).union(quarantined.keys).union(ends.keys).sorted() where !leaving.contains(id) {
      let ended = ends[id, default: []].sorted {
        ($0.isCompleted ? 0 : 1, $0.path) < ($1.isCompleted ? 0 : 1, $1.path)
      }
      let places = ended.map(\.path) + [live[id], quarantined[id]].compactMap { $0 }
      guard let kept = places.first else { continue }
      // Two ends of one kind are two rounds of an item that was added again, which happens.
      for aside in places.dropFirst() where !(ended.contains { $0.path == aside && $0.isCompleted }) {
        found.append(Doubled(id: id, kept: kept, aside: aside))
      }
    }
    return found
  }

  private static func text(_ member: String, _ content: [UInt8]) -> String? {
    JSONText.member(member, of: content).flatMap { try? JSONParser.parse($0) }.flatMap { value in
      value.string ?? value.int.map { String($0) }
    }
  }

  private static func isObject(_ content: [UInt8]) -> Bool {
    content.withUnsafeBufferPointer { buffer in
      var scanner = JSONScanner(buffer)
      scanner.skipWhitespace()
      do throws(JSONError) {
        try scanner.forEachMember { (_, _) throws(JSONError) in }
        try scanner.finish()
        return true
      } catch {
        return false
      }
    }
  }
}
