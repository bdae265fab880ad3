import Coordination
import DSLBase
import Testing

/// A lease for which several candidates can run.
protocol LeasePlace {
  var time: ManualTime { get }
  /// A candidate of its own process.
  func candidate(_ pid: Int32) throws -> any LeaderElection
  /// What the death of a candidate's process does.
  func kill(_ pid: Int32)
}

final class MemoryPlace: LeasePlace {
  let time = ManualTime()
  private let lease = InMemoryLease()

  private func holder(_ pid: Int32) -> LeaseHolder {
    LeaseHolder(host: "h", pid: pid, startTicks: 1, bootID: time.monotonicOrigin)
  }

  func candidate(_ pid: Int32) -> any LeaderElection {
    InMemoryElection(lease, candidate: holder(pid), time: time)
  }

  func kill(_ pid: Int32) { lease.kill(holder(pid)) }
}

final class DirectoryPlace: LeasePlace {
  let time = ManualTime()
  let directory: CoordinationDirectory
  private let temporary: TemporaryDirectory
  private var elections: [Int32: DirectoryElection] = [:]

  init() throws {
    temporary = try TemporaryDirectory()
    directory = CoordinationDirectory(path: temporary.path, files: PosixFileSystem())
  }

  func candidate(_ pid: Int32) throws -> any LeaderElection {
    let election = DirectoryElection(
      directory, try Journal(directory: directory, access: .readWrite),
      candidate: LeaseHolder(host: "h", pid: pid, startTicks: 1, bootID: time.monotonicOrigin), time: time)
    elections[pid] = election
    return election
  }

  func kill(_ pid: Int32) { elections[pid]?.dropLock() }
}

/// What every implementation of `LeaderElection` keeps.
enum LeaderElectionContract {
  static func check(_ place: some LeasePlace) async throws {
    let (one, two) = (try place.candidate(1), try place.candidate(2))
    let nobody = try await one.look()
    #expect(nobody.record == nil && nobody.isLocked != true)

    let first = try #require(try await one.acquire(over: nobody, durationSeconds: 15))
    #expect(first.epoch == 1 && first.holder == one.candidate && first.released == nil)
    #expect(try await two.acquire(over: nobody, durationSeconds: 15) == nil, "of two over one sight one wins")
    #expect(try await two.renew(epoch: 1) == nil, "nobody renews another's term")
    #expect(try await two.look().record == first)

    place.time.advance(seconds: 2)
    let sight = try await two.look()
    let renewed = try #require(try await one.renew(epoch: 1))
    #expect(renewed.renewals == first.renewals + 1 && renewed.renewedMonotonic == first.renewedMonotonic + 2)
    #expect(try await two.acquire(over: sight, durationSeconds: 15) == nil, "it renewed after all")

    try await lapse(place, one, two)
    try await death(place, two)
  }

  /// The first is stopped past its lease, and comes back.
  private static func lapse(
    _ place: some LeasePlace, _ one: any LeaderElection, _ two: any LeaderElection
  ) async throws {
    place.time.advance(seconds: 20)
    let second = try #require(try await two.acquire(over: try await two.look(), durationSeconds: 15))
    #expect(second.epoch == 2 && second.holder == two.candidate && !second.holdsLock)
    #expect(try await one.renew(epoch: 1) == nil, "the first was superseded")
    try await one.release(epoch: 1)
    #expect(try await two.look().record?.released == nil, "and ends nobody's term but its own")
    let kept = try #require(try await two.renew(epoch: 2))
    #expect(kept.holdsLock, "the lock is free now, and the second has taken it")
  }

  /// The second dies; a third follows; it gives up; the epoch goes on.
  private static func death(_ place: some LeasePlace, _ two: any LeaderElection) async throws {
    let three = try place.candidate(3)
    #expect(try await three.look().isLocked == true)
    place.kill(2)
    let sight = try await three.look()
    #expect(sight.isLocked == false && sight.record?.holdsLock == true)
    let third = try #require(try await three.acquire(over: sight, durationSeconds: 15))
    #expect(third.epoch == 3 && third.holdsLock)
    try await three.release(epoch: 3)
    let released = try await two.look()
    #expect(released.record?.released == place.time.now && released.isLocked == false)
    #expect(try await three.renew(epoch: 3) == nil, "what was given up is not prolonged")
    #expect(try await two.acquire(over: try await two.look(), durationSeconds: 15)?.epoch == 4)
  }
}

@Suite struct LeaderElectionContractTests {
  @Test func inMemory() async throws { try await LeaderElectionContract.check(MemoryPlace()) }

  @Test func inADirectory() async throws { try await LeaderElectionContract.check(try DirectoryPlace()) }
}
