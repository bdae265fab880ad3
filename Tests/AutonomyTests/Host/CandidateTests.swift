import Autonomy
import Coordination
import DSLBase
import Testing

/// Candidates for one lease, under a clock that the test moves.
@Suite struct CandidateTests {
  private let time = ManualTime()
  private let lease = InMemoryLease()

  private func holder(_ pid: Int32) -> LeaseHolder {
    LeaseHolder(host: "h", pid: pid, startTicks: 1, bootID: time.monotonicOrigin)
  }

  private func candidate(_ pid: Int32) -> Candidate {
    Candidate(InMemoryElection(lease, candidate: holder(pid), time: time), LeaseTiming(), time: time)
  }

  @Test func oneLeadsAndTheOtherStandsBy() async {
    let (one, two) = (candidate(1), candidate(2))
    guard case .leads(let term) = await one.step().first else {
      Issue.record("nobody else wants it")
      return
    }
    #expect(await two.step() == [.standsBy(term)])
    #expect(one.term == term && two.term == nil)
    for _ in 0..<30 {
      time.advance(seconds: 2)
      #expect(await one.step().isEmpty)
      #expect(await two.step().isEmpty)
    }
    #expect(one.term?.epoch == 1 && two.term == nil, "a leader that renews stays")
  }

  /// A stopped leader is followed within two lease periods, and finds out when it goes on.
  @Test func aStoppedLeaderIsFollowed() async {
    let (one, two) = (candidate(1), candidate(2))
    _ = await one.step()
    _ = await two.step()
    var waited = 0.0
    while two.term == nil, waited < 60 {
      time.advance(seconds: 1)
      waited += 1
      _ = await two.step()
    }
    #expect(waited >= 15 && waited <= 30, "after \(waited) s")
    #expect(two.term?.epoch == 2)
    #expect(one.term == nil, "its own clock tells it, before it asks anybody")
    guard case .steppedDown = await one.step().first else {
      Issue.record("it must step down")
      return
    }
    time.advance(seconds: 2)
    guard case .standsBy(let term) = await one.step().first else {
      Issue.record("it stands by")
      return
    }
    #expect(term?.epoch == 2)
  }

  @Test func aDeadOrResignedLeaderIsFollowedAtTheNextLook() async {
    let (one, two, three) = (candidate(1), candidate(2), candidate(3))
    _ = await one.step()
    _ = await two.step()
    lease.kill(holder(1))
    time.advance(seconds: 2)
    _ = await two.step()
    #expect(two.term?.epoch == 2)
    _ = await three.step()
    await two.resign()
    #expect(two.term == nil)
    time.advance(seconds: 2)
    _ = await three.step()
    #expect(three.term?.epoch == 3)
  }

  /// At most one leads at any time, whoever is stopped when: the seed says how.
  @Test(arguments: [1, 2, 3, 42, 4711] as [UInt64]) func neverTwoAtOnce(seed: UInt64) async {
    var random = SplitMix64(seed: seed)
    let all = (1...4).map { candidate(Int32($0)) }
    var epochs: [Int64] = []
    for _ in 0..<600 {
      time.advance(seconds: Double(random.next() % 30) / 10)
      let awake = all.filter { _ in random.next() % 100 < 15 }
      for candidate in awake { _ = await candidate.step() }
      let leading = all.compactMap(\.term)
      #expect(leading.count <= 1, "seed \(seed): \(leading)")
      if let epoch = leading.first?.epoch, epochs.last != epoch { epochs.append(epoch) }
    }
    #expect(epochs == epochs.sorted() && epochs.count > 3, "seed \(seed): \(epochs)")
  }
}
