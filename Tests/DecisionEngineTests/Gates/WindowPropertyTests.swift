import DSLBase
import Testing

@testable import DecisionEngine

/// Random lists of events, judged one after another, against the rules told in the plainest way.
@Suite struct WindowPropertyTests {
  struct Event: CustomStringConvertible {
    var time: Double
    var isUp: Bool
    var target: String
    var description: String { "\(isUp ? "up" : "down") \(target) at \(time)" }
  }

  private static func events(_ random: inout SplitMix64) -> [Event] {
    var clock = 1000.0
    return (0..<60).map { _ in
      // Now and then the clock is set, mostly back.
      let step = Int.random(in: 0..<20, using: &random)
      clock +=
        step == 0 ? Double.random(in: -300...100, using: &random) : Double.random(in: 0...20, using: &random)
      return Event(
        time: clock.rounded(), isUp: Bool.random(using: &random),
        target: Bool.random(using: &random) ? "a" : "b")
    }
  }

  /// Actions that count at a time, oldest first.
  private static func counted(_ taken: [Event], _ event: Event, _ window: Double) -> [Event] {
    let near = taken.filter { event.time - $0.time < window && $0.time - event.time <= window }
    return near.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
      .map(\.element)
  }

  @Test(arguments: [1, 2, 3, 4, 20_260_321] as [UInt64])
  func noMoreThanTheBudgetsEverPass(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var refused = 0
    for round in 0..<40 {
      let window = Double(Int.random(in: 20...200, using: &random))
      let flapWindow = Double(Int.random(in: 20...200, using: &random))
      let (ups, flaps) = (Int.random(in: 0...4, using: &random), Int.random(in: 0...3, using: &random))
      let settings = GateSettings(
        cooldown: .init(up: 0, down: 0, other: 0),
        budget: .init(count: .max, windowSeconds: window, up: ups),
        flaps: .init(count: flaps, windowSeconds: flapWindow))
      var taken: [Event] = []
      var past: [PastActionFact] = []
      for event in Self.events(&random) {
        let type: DecisionType = event.isUp ? .scaleUp : .scaleDown
        let now = Timestamp(seconds: event.time)
        let place = "seed \(seed), round \(round), \(event)"
        func verdict(_ time: Timestamp) -> GateRefusal? {
          Gate.judge(
            [.sample(type, target: event.target)], settings: settings, history: GateHistory(past: past),
            now: time)[0].refusal
        }
        let near = Self.counted(taken.filter { $0.target == event.target }, event, flapWindow)
        let turns = zip(near, near.dropFirst()).count { $0.isUp != $1.isUp }
        let isReversal = near.last.map { $0.isUp != event.isUp } ?? false
        let spent = Self.counted(taken.filter { $0.target == event.target && $0.isUp }, event, window).count
        let expected: GateName? =
          event.isUp && spent >= ups ? .targetBudget : isReversal && turns + 1 > flaps ? .flap : nil
        let found = verdict(now)
        #expect(found?.gate == expected, "\(place)")
        if let found {
          refused += 1
          // What lies ahead of the clock may come into view until then.
          guard let frees = found.freesAt, taken.allSatisfy({ $0.time <= event.time }) else { continue }
          #expect(frees > now, "\(place): it frees later")
          #expect(verdict(frees.adding(seconds: -0.5))?.gate == found.gate, "\(place): not before")
          #expect(verdict(frees)?.gate != found.gate, "\(place): and then")
        } else {
          taken.append(event)
          past.append(PastActionFact(type: type, target: event.target, at: now))
        }
      }
    }
    #expect(refused > 100, "seed \(seed): budgets matter")
  }
}
