import Coordination
package import DSLBase
import Synchronization

/// Runs for the lead, keeps it, and steps down: carries out what `LeaseMachine` says, on any election.
package final class Candidate: Sendable {
  /// What became of the lead.
  package enum Change: Sendable, Equatable {
    /// Effects are allowed from now on.
    case leads(LeaseRecord)
    /// Another leads; told once for each.
    case standsBy(LeaseRecord?)
    /// Effects are no longer allowed.
    case steppedDown(reason: String)
    /// The store could not be asked; it is tried again.
    case troubled(String)
  }

  private let machine: Mutex<LeaseMachine>
  private let election: any LeaderElection
  private let timing: LeaseTiming
  private let time: any TimeSource

  /// - Parameter record: the term of a candidate that leads already.
  package init(
    _ election: any LeaderElection, _ timing: LeaseTiming, time: any TimeSource,
    leading record: LeaseRecord? = nil
  ) {
    self.election = election
    self.timing = timing
    self.time = time
    let now = time.monotonicSeconds
    machine = Mutex(
      record.map { LeaseMachine(election.candidate, timing, leading: $0, now: now) }
        ?? LeaseMachine(election.candidate, timing, now: now))
  }

  /// The term it leads in; `nil` when it does not.
  package var term: LeaseRecord? { machine.withLock { $0.term(at: time.monotonicSeconds) } }

  /// Seconds until there is something to do.
  package var secondsToNext: Double {
    machine.withLock { max(0, $0.nextDeadline - time.monotonicSeconds) }
  }

  /// Does what is due. May be called from several tasks.
  package func step() async -> [Change] { await handle(.tick) }

  /// Gives the lead up, and does not run for it again.
  package func resign() async { _ = await handle(.resign) }

  /// Keeps the lead, until the task is cancelled or the lead is lost: a later term is not the same one, and effects of this
  /// one must not pass for effects of that.
  package func keep(_ onChange: @Sendable (Change) -> Void) async {
    while !Task.isCancelled {
      let wait = secondsToNext
      guard wait.isFinite else { return }
      do { try await time.sleep(seconds: wait) } catch { return }
      for change in await step() {
        onChange(change)
        if case .steppedDown = change { return }
      }
    }
  }

  private func handle(_ first: LeaseMachine.Event) async -> [Change] {
    var events = [first]
    var changes: [Change] = []
    while !events.isEmpty {
      let event = events.removeFirst()
      for action in machine.withLock({ $0.on(event, now: time.monotonicSeconds) }) {
        switch action {
        case .lead(let record): changes.append(.leads(record))
        case .standBy(let record): changes.append(.standsBy(record))
        case .stepDown(let reason): changes.append(.steppedDown(reason: reason))
        case .look, .acquire, .renew, .release:
          do throws(DSLError) {
            if let answer = try await ask(action) { events.append(answer) }
          } catch {
            changes.append(.troubled(error.description))
            events.append(.failed)
          }
        }
      }
    }
    return changes
  }

  private func ask(_ action: LeaseMachine.Action) async throws(DSLError) -> LeaseMachine.Event? {
    switch action {
    case .look: return .saw(try await election.look())
    case .acquire(let sight):
      let record = try await election.acquire(over: sight, durationSeconds: timing.durationSeconds)
      return record.map { .won($0) } ?? .missed
    case .renew(let epoch):
      return try await election.renew(epoch: epoch).map { .renewed($0) } ?? .superseded
    case .release(let epoch):
      try await election.release(epoch: epoch)
      return nil
    case .lead, .standBy, .stepDown: return nil
    }
  }
}
