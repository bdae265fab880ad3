import Synchronization

/// Which nodes changed, in order: the last so many changes, for those who remember something of every node and want to look
/// again only at what changed.
///
/// Revisions are given out once in a process, so a mark of one history is never taken for one of another: copies of a state that
/// went different ways differ in their last revision, and what was remembered of the one is not used for the other.
struct ChangeLog: Sendable {
  /// A place in a history.
  struct Mark: Sendable, Hashable {
    fileprivate var position: Int
    fileprivate var revision: Int
  }

  struct Change: Sendable {
    var node: Int32
    var revision: Int
  }

  private var changes: ContiguousArray<Change> = []
  /// Changes that were dropped, and the revision of the last of them.
  private var before = Mark(position: 0, revision: 0)
  private let limit: Int

  /// - Parameter limit: how many changes are remembered at least.
  init(limit: Int) { self.limit = max(16, limit) }

  /// Now.
  var end: Mark {
    Mark(position: before.position + changes.count, revision: changes.last?.revision ?? before.revision)
  }

  /// - Returns: the change's revision, larger than all given out before.
  mutating func append(node: Int) -> Int {
    if changes.count >= 2 * limit {
      before = Mark(position: before.position + limit, revision: changes[limit - 1].revision)
      changes.removeFirst(limit)
    }
    let revision = revisions.add(1, ordering: .relaxed).newValue
    changes.append(Change(node: Int32(truncatingIfNeeded: node), revision: revision))
    return revision
  }

  /// What came after a mark; `nil` when that is not known any more, or the mark is of another history.
  func since(_ mark: Mark) -> ContiguousArray<Change>.SubSequence? {
    let offset = mark.position - before.position
    guard (0...changes.count).contains(offset) else { return nil }
    let last = offset == 0 ? before.revision : changes[offset - 1].revision
    return last == mark.revision ? changes[offset...] : nil
  }
}

/// The last revision that was given out.
private let revisions = Atomic<Int>(0)
