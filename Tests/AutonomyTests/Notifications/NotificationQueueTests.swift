import DSLBase
import Testing

@testable import Autonomy

/// The queues of messages as lists of attempts.
@Suite struct NotificationQueueTests {
  private func event(_ id: Int) -> JSONValue { ["id": .string("e\(id)")] }
  private func at(_ seconds: Double) -> Timestamp { Timestamp(nanoseconds: 0).adding(seconds: seconds) }

  @Test func receiversDoNotWaitForEachOther() throws {
    var queue = NotificationQueue(limit: 10)
    var generator = SplitMix64(seed: 1)
    for number in 0..<2 {
      for name in ["a", "b"] { #expect(queue.add(event(number), for: name, at: at(0)) == 0) }
    }
    let first = try #require(queue.next(for: "a", at: at(0)))
    #expect(first.message.event == event(0) && first.waitSeconds == 0)
    #expect(!queue.failed(first.message, at: at(0), using: &generator))
    let again = try #require(queue.next(for: "a", at: at(0)))
    #expect(again.message.event == event(0), "in order: nobody is told of an end before the beginning")
    #expect((0.5...1).contains(again.waitSeconds))
    let other = try #require(queue.next(for: "b", at: at(0)))
    #expect(other.waitSeconds == 0)
    queue.delivered(other.message)
    #expect(queue.next(for: "b", at: at(0))?.message.event == event(1))
    #expect(queue.dropped == 0)
  }

  @Test(arguments: [3, 99, 2026]) func waitsDoubleUpToALimit(seed: UInt64) throws {
    var queue = NotificationQueue(limit: 10)
    var generator = SplitMix64(seed: seed)
    _ = queue.add(event(0), for: "a", at: at(0))
    for attempt in 0..<30 {
      let message = try #require(queue.next(for: "a", at: at(0))).message
      #expect(!queue.failed(message, at: at(0), using: &generator))
      let wait = try #require(queue.next(for: "a", at: at(0))).waitSeconds
      let whole = min(300, Double(1 << min(attempt, 20)))
      #expect((whole / 2...whole).contains(wait), "seed \(seed) attempt \(attempt): \(wait)")
    }
  }

  @Test func whatCannotBeDeliveredForADayIsGivenUp() throws {
    var queue = NotificationQueue(limit: 10)
    var generator = SplitMix64(seed: 1)
    _ = queue.add(event(0), for: "a", at: at(0))
    let message = try #require(queue.next(for: "a", at: at(0))).message
    #expect(!queue.failed(message, at: at(86_399), using: &generator))
    #expect(queue.failed(message, at: at(86_400), using: &generator))
    #expect(queue.messages.isEmpty && queue.dropped == 1)
  }

  @Test func theOldestGoWhenThereAreTooMany() {
    var queue = NotificationQueue(limit: 3)
    let surplus = (0..<5).map { queue.add(event($0), for: "a", at: at(0)) }
    #expect(surplus == [0, 0, 0, 1, 1])
    #expect(queue.messages.map(\.event) == [event(2), event(3), event(4)])
    #expect(queue.dropped == 2)
    queue.keepOnly(["b"])
    #expect(queue.messages.isEmpty && queue.dropped == 5)
  }

  @Test func theySurviveTheJournal() throws {
    var queue = NotificationQueue(limit: 3)
    var generator = SplitMix64(seed: 5)
    _ = queue.add(event(1), for: "a", at: at(1))
    _ = queue.failed(queue.messages[0], at: at(2), using: &generator)
    #expect(try NotificationQueue(json: try JSONParser.parse(queue.json.text()), limit: 3) == queue)
  }
}
