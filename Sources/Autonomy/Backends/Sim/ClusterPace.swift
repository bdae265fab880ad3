package import DSLBase

/// What people asked of the time of the loop's simulated cluster: that it goes on, stands still, or goes so many steps on and
/// stands still then. Pure.
///
/// Steps that are allowed are two places of the cluster, counted over all of its episodes, and no counter that is brought
/// down: how many of them are made says the cluster's own file, which changes with the step and in no other moment. So
/// nothing that dies on the way makes one too many or too few.
package struct ClusterPace: Sendable, Hashable {
  /// What was asked.
  package enum Demand: Sendable, Hashable {
    /// That it goes on.
    case start
    /// That it stands still.
    case pause
    /// That it goes on from one place to another; `isMade` once it was seen there.
    case step(from: Int, until: Int, isMade: Bool)
  }

  /// How the cluster is to stand at a place.
  package enum Standing: Sendable, Hashable {
    case running
    /// So many steps are left.
    case stepping(left: Int)
    case still
  }

  /// Steps that may be asked for at once.
  package static let stepLimit = 1_000_000

  package var demand: Demand
  package var by: String
  package var at: Timestamp

  package init(_ demand: Demand, by: String, at: Timestamp) {
    (self.demand, self.by, self.at) = (demand, by, at)
  }

  /// So many steps on from where the cluster is, behind those that are still to be made.
  ///
  /// - Parameters:
  ///   - count: 1 or more.
  ///   - earlier: what was asked before.
  ///   - position: how many steps the cluster has made (``SavedCluster/position``).
  package init(steps count: Int, after earlier: ClusterPace?, position: Int, by: String, at: Timestamp) {
    var left = 0
    if case .stepping(let more)? = earlier?.standing(at: position) { left = more }
    self.init(.step(from: position, until: position + left + count, isMade: false), by: by, at: at)
  }

  /// How the cluster is to stand where it has made so many steps.
  ///
  /// Steps that were undone on the way are made again. A place further back than that, and the start where it was not asked there, is of
  /// a cluster that was begun anew, of which nobody asked anything: it stands still.
  package func standing(at position: Int) -> Standing {
    switch demand {
    case .start: return .running
    case .pause, .step(_, _, isMade: true): return .still
    case .step(let from, let until, isMade: false):
      let lowest = from == 0 ? 0 : max(1, from - (until - from))
      return (lowest..<until).contains(position) ? .stepping(left: until - position) : .still
    }
  }

  /// This, once the steps are made; `nil` where there is nothing to note.
  package func made(at position: Int) -> ClusterPace? {
    guard case .step(let from, let until, isMade: false) = demand, standing(at: position) == .still else {
      return nil
    }
    return ClusterPace(.step(from: from, until: until, isMade: true), by: by, at: at)
  }
}

extension ClusterPace {
  private enum Word: String { case start, pause, step }
  private static let context = "what was asked of the simulated cluster's time"

  /// All fields; `from` and `until` are null but of steps.
  package var json: JSONValue {
    var (from, until, isMade): (Int?, Int?, Bool) = (nil, nil, true)
    let word: Word
    switch demand {
    case .start: word = .start
    case .pause: word = .pause
    case .step(let first, let last, let made): (word, from, until, isMade) = (.step, first, last, made)
    }
    return [
      "asked": .string(word.rawValue), "from": from.map { .int($0) } ?? .null,
      "until": until.map { .int($0) } ?? .null, "made": .bool(isMade), "by": .string(by), "at": at.json,
    ]
  }

  /// - Throws: `corrupt` for what ``json`` does not give.
  package init(json: JSONValue) throws(DSLError) {
    let fields = try JSONFields(json, Self.context)
    let (by, at) = (try fields.string("by"), try fields.time("at"))
    switch try fields.word("asked", Word.self) {
    case .start: self.init(.start, by: by, at: at)
    case .pause: self.init(.pause, by: by, at: at)
    case .step:
      let (from, until) = (try fields.int("from"), try fields.int("until"))
      guard from >= 0, until > from, until < 1 << 53 else {
        throw DSLError(.corrupt, "\(Self.context): from \(from) until \(until)")
      }
      self.init(.step(from: from, until: until, isMade: try fields.bool("made")), by: by, at: at)
    }
  }
}
