package import Coordination
package import DSLBase
import Glibc
import Synchronization

/// The place of one process among those that could act on a directory: its journal, and its candidacy for the lead.
///
/// Whoever leads holds `.dsl/engine.lock` and a lease in the journal; the journal then refuses what this process writes
/// as soon as another leads.
package final class EngineSeat: Sendable {
  package let journal: Journal
  package let candidate: Candidate
  private let election: DirectoryElection
  private let keeper = Mutex<Task<Void, Never>?>(nil)

  /// Takes a place without running for the lead yet: `candidate.step` does.
  ///
  /// - Throws: `notFound` when there is no directory; `corrupt`, `io`, `unsupported` from the journal.
  package init(_ directory: CoordinationDirectory, _ timing: LeaseTiming, _ world: EngineHost.World) throws {
    (journal, election) = try Self.open(directory, timing, world)
    candidate = Candidate(election, timing, time: world.time)
  }

  /// Leads at once, and keeps the lead until `leave`.
  ///
  /// - Throws: as `init`; `locked` while another leads whose lease has not lapsed.
  package init(leading directory: CoordinationDirectory, _ timing: LeaseTiming, _ world: EngineHost.World)
    throws
  {
    (journal, election) = try Self.open(directory, timing, world)
    let record = try election.acquireNow(durationSeconds: timing.durationSeconds)
    candidate = Candidate(election, timing, time: world.time, leading: record)
    keep()
  }

  private static func open(
    _ directory: CoordinationDirectory, _ timing: LeaseTiming, _ world: EngineHost.World
  ) throws -> (Journal, DirectoryElection) {
    try timing.validate()
    try EngineHost.prepare(directory)
    let journal = try Journal(directory: directory, access: .readWrite)
    let election = DirectoryElection(
      directory, journal, candidate: .current(host: world.host, bootID: world.time.monotonicOrigin),
      time: world.time)
    return (journal, election)
  }

  /// Renews the lease in the background.
  package func keep(_ onChange: @escaping @Sendable (Candidate.Change) -> Void = { _ in }) {
    let task = Task { [candidate] in await candidate.keep(onChange) }
    let before = keeper.withLock { keeper in
      defer { keeper = task }
      return keeper
    }
    before?.cancel()
  }

  /// Who leads instead of this process, in words; `nil` while it does itself.
  package var otherLeader: String? {
    guard candidate.term == nil else { return nil }
    guard let record = (try? journal.leader()) ?? nil, record.epoch > journal.epoch else {
      return "nobody: the lease of this engine could not be renewed in time"
    }
    return "\(record.holder.name), with epoch \(record.epoch)"
  }

  /// Gives the lead up, and lets go of the lock.
  package func leave() {
    keeper.withLock { keeper in
      keeper?.cancel()
      keeper = nil
    }
    // A term that cannot be ended in the journal is over with the lock, and at the latest with its lease.
    try? election.release(epoch: journal.epoch)
    election.dropLock()
  }
}

extension LeaseHolder {
  /// This process.
  package static func current(host: String, bootID: String) -> LeaseHolder {
    let pid = getpid()
    return LeaseHolder(
      host: host, pid: pid, startTicks: SystemProcesses.stat(of: pid)?.startTicks ?? 0, bootID: bootID)
  }
}
