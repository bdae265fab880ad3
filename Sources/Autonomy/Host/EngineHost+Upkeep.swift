package import Coordination
package import DSLBase
import DecisionEngine

extension EngineHost {
  /// Least time between two rounds of upkeep, seconds.
  private static let upkeepEvery = 300.0
  /// Rows forgotten in one cycle at most: far more than the cycles of `upkeepEvery` write.
  private static let rowsPerCycle = 2000
  /// Verification looks back no further than this, seconds, and no prediction is due later.
  private static let verificationSeconds = 3600.0

  /// Keeps the journal bounded: forgets what is older than the settings say, gives pages back, and bounds the log.
  ///
  /// Done after a cycle that acts, whether a loop runs it or cron, and no more often than every few minutes unless there
  /// is more to forget than one round may. What fails is told and tried again with the next cycle.
  ///
  /// - Returns: what deserves attention, a sentence each.
  func upkeep() -> [String] {
    guard let journal else { return [] }
    do throws(DSLError) {
      let now = world.time.now
      if let last = try journal.pruned(), last["complete"]?.bool == true,
        let at = last["at"].flatMap({ Timestamp.parse($0)?.time }),
        (0..<Self.upkeepEvery).contains(now.seconds(since: at))
      {
        return []
      }
      _ = try journal.prune(retention(limit: Self.rowsPerCycle), now: now)
      try journal.pruneLedger(keeping: Journal.keptEntries)
      return try journal.upkeep().map { [$0] } ?? []
    } catch {
      return ["the journal could not be tidied: \(error)"]
    }
  }

  /// What the settings keep, seen from now.
  package func retention(limit: Int) -> JournalRetention {
    JournalRetention(settings, now: world.time.now, limit: limit)
  }

  /// Seconds before now of which nothing is ever forgotten: what gates and verification look back at.
  static func lookback(_ settings: Settings) -> Double {
    max(settings.gates.historySeconds, verificationSeconds)
  }
}

extension JournalRetention {
  /// What the settings keep.
  ///
  /// - Parameter before: replaces the ages that the settings give, for cycles with and without decisions; what gates and
  ///   verification look back at is spared all the same.
  package init(_ settings: Settings, now: Timestamp, limit: Int, before: Timestamp? = nil) {
    let latest = now.adding(seconds: -EngineHost.lookback(settings))
    let keep = settings.journal
    self.init(
      idleBefore: min(latest, before ?? now.adding(seconds: -keep.idleSeconds)),
      allBefore: min(latest, before ?? now.adding(seconds: -keep.keepSeconds)),
      undoableSince: now.adding(seconds: -keep.undoSeconds), limit: limit)
  }
}
