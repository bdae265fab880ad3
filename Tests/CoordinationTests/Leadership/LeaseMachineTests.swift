import Coordination
import DSLBase
import Testing

/// The rules of taking over, as lists of events.
@Suite struct LeaseMachineTests {
  private let wall = Timestamp(seconds: 1_790_000_000)

  private func holder(_ pid: Int32, boot: String = "b", host: String = "h") -> LeaseHolder {
    LeaseHolder(host: host, pid: pid, startTicks: 1, bootID: boot)
  }

  private func record(
    _ holder: LeaseHolder, epoch: Int64 = 4, renewedAt: Double = 100, renewals: Int64 = 0,
    holdsLock: Bool = true,
    released: Bool = false
  ) -> LeaseRecord {
    LeaseRecord(
      holder: holder, epoch: epoch, acquired: wall, renewed: wall, renewedMonotonic: renewedAt,
      renewals: renewals, durationSeconds: 15, holdsLock: holdsLock, released: released ? wall : nil)
  }

  private func machine(now: Double = 100) -> LeaseMachine { LeaseMachine(holder(1), LeaseTiming(), now: now) }

  @Test func anOpenLeaseIsTakenAndRenewedEveryTwoSeconds() {
    var machine = machine()
    let open = LeaseSight(record: nil, isLocked: false)
    let mine = record(holder(1), epoch: 1)
    #expect(machine.on(.tick, now: 100) == [.look])
    #expect(machine.on(.saw(open), now: 100) == [.acquire(open)])
    #expect(machine.on(.won(mine), now: 100) == [.lead(mine)])
    #expect(machine.term(at: 101) == mine)
    #expect(machine.on(.tick, now: 101.9).isEmpty)
    #expect(machine.nextDeadline == 102)
    #expect(machine.on(.tick, now: 102) == [.renew(epoch: 1)])
    #expect(machine.on(.renewed(record(holder(1), epoch: 1, renewedAt: 102)), now: 102).isEmpty)
    #expect(machine.term(at: 111.9) != nil)
    #expect(machine.term(at: 112) == nil, "ten seconds after the last renewal, whatever ticks came")
  }

  @Test func aLeaderThatCannotRenewStepsDownBeforeItsLeaseEnds() {
    var machine = machine()
    _ = machine.on(.won(record(holder(1), epoch: 1)), now: 100)
    for second in stride(from: 102.0, to: 110, by: 2) {
      #expect(machine.on(.tick, now: second) == [.renew(epoch: 1)])
      #expect(machine.on(.failed, now: second).isEmpty, "it may pass")
    }
    let actions = machine.on(.tick, now: 110)
    guard case .stepDown = actions.first else {
      Issue.record("10 s without a renewal end the lead: \(actions)")
      return
    }
    #expect(machine.on(.tick, now: 111.9).isEmpty)
    #expect(machine.on(.tick, now: 112) == [.look], "it stands by")
  }

  @Test func whoStandsByFollowsTheLeaseOfItsOwnBoot() {
    var machine = machine()
    let other = LeaseSight(record: record(holder(2)), isLocked: true)
    #expect(machine.on(.tick, now: 100) == [.look])
    #expect(machine.on(.saw(other), now: 100) == [.standBy(other.record)])
    #expect(machine.on(.tick, now: 102) == [.look])
    #expect(machine.on(.saw(other), now: 102).isEmpty, "told once")
    #expect(machine.on(.saw(other), now: 114.9).isEmpty)
    #expect(machine.on(.saw(other), now: 115) == [.acquire(other)], "stopped for the length of its lease")
  }

  @Test func aDeadHolderIsFollowedAtOnce() {
    var machine = machine()
    let dead = LeaseSight(record: record(holder(2)), isLocked: false)
    #expect(machine.on(.saw(dead), now: 100) == [.acquire(dead)])
    let released = LeaseSight(record: record(holder(2), released: true), isLocked: true)
    #expect(machine.on(.saw(released), now: 100) == [.acquire(released)])
  }

  @Test func aFreeLockSaysNothingOfAHolderThatNeverHadIt() {
    var machine = machine()
    let unlocked = LeaseSight(record: record(holder(2), holdsLock: false), isLocked: false)
    #expect(machine.on(.saw(unlocked), now: 100) == [.standBy(unlocked.record)])
    #expect(machine.on(.saw(unlocked), now: 115) == [.acquire(unlocked)])
  }

  @Test func aLockWithoutATermIsRespected() {
    var machine = machine()
    let bare = LeaseSight(record: nil, isLocked: true)
    #expect(machine.on(.saw(bare), now: 100) == [.standBy(nil)])
    #expect(machine.on(.saw(bare), now: 10_000).isEmpty)
  }

  @Test func anotherBootIsJudgedByWhatChangesHere() {
    // Its clock says anything; what counts is that its number did not change for 15 s of ours.
    for clock in [-1e9, 0, 1e9] {
      var machine = machine()
      func sight(_ renewals: Int64) -> LeaseSight {
        LeaseSight(
          record: record(holder(2, boot: "other", host: "far"), renewedAt: clock, renewals: renewals),
          isLocked: false)
      }
      #expect(machine.on(.saw(sight(1)), now: 100) == [.standBy(sight(1).record)])
      #expect(machine.on(.saw(sight(1)), now: 114).isEmpty)
      #expect(machine.on(.saw(sight(2)), now: 114.5).isEmpty, "it renewed")
      #expect(machine.on(.saw(sight(2)), now: 129).isEmpty)
      #expect(machine.on(.saw(sight(2)), now: 129.5) == [.acquire(sight(2))])
    }
  }

  @Test func anEarlierBootOfThisMachineIsOver() {
    var machine = machine()
    let before = LeaseSight(record: record(holder(2, boot: "before"), renewedAt: 1e9), isLocked: false)
    #expect(machine.on(.saw(before), now: 100) == [.acquire(before)])
  }

  @Test func whoWasSupersededOnlyStandsBy() {
    var machine = machine()
    _ = machine.on(.won(record(holder(1), epoch: 5)), now: 100)
    #expect(machine.on(.superseded, now: 130) == [.stepDown(reason: "another engine has taken over")])
    #expect(machine.term(at: 130) == nil)
    let other = LeaseSight(record: record(holder(2), epoch: 6, renewedAt: 130), isLocked: true)
    #expect(machine.on(.tick, now: 132) == [.look])
    #expect(machine.on(.saw(other), now: 132) == [.standBy(other.record)])
  }

  @Test func resigningEndsEverything() {
    var machine = machine()
    _ = machine.on(.won(record(holder(1), epoch: 5)), now: 100)
    #expect(machine.on(.resign, now: 101) == [.release(epoch: 5)])
    #expect(machine.on(.tick, now: 200).isEmpty && machine.nextDeadline == .infinity)
    #expect(machine.term(at: 101) == nil)
  }

  @Test func aSingleLookJudgesOtherBootsByTheWallWithAnAllowance() {
    let far = LeaseSight(record: record(holder(2, boot: "other", host: "far")), isLocked: nil)
    func standing(after seconds: Double) -> LeaseStanding {
      LeaseWatch.standing(of: far, for: holder(1), now: 0, wall: wall.adding(seconds: seconds))
    }
    #expect(standing(after: -500) == .held(leftSeconds: nil))
    #expect(standing(after: 74) == .held(leftSeconds: nil))
    #expect(standing(after: 76) == .lapsed)
  }

  @Test func timesThatContradictEachOtherAreRefused() throws {
    try LeaseTiming().validate()
    var timing = LeaseTiming()
    timing.renewDeadlineSeconds = 15
    #expect(#expect(throws: DSLError.self) { try timing.validate() }?.code == .invalidInput)
    timing = LeaseTiming()
    timing.retrySeconds = 10
    #expect(#expect(throws: DSLError.self) { try timing.validate() }?.code == .invalidInput)
  }
}
