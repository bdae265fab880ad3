import Autonomy
import Coordination
import DSLBase
import Testing

@testable import ControlPlane

/// What followers are told.
@Suite struct EventTests {
  @Test func aTurnIsToldOnceAndTheSameToWhoeverComesLater() async throws {
    let world = try TestSurface()
    try world.fill()
    let journal = try world.journal()
    let report = try await world.turn()
    let reader = JournalEvents(journal, time: world.surface.time)
    let all = try reader.read(after: 0, limit: 1000)
    let newest = try journal.lastEntry()
    #expect(!all.isMore && all.last == newest)
    let told = all.events.filter { $0.name == .decision }.compactMap { $0.data["id"]?.string }
    #expect(!told.isEmpty && Set(told).count == told.count)
    #expect(Set(told) == Set(report.decisions.map(\.decision.id)))
    #expect(all.events.filter { $0.name == .cycle }.map { $0.data["id"] } == [.string(report.id)])
    #expect(
      all.events.filter { $0.name == .health }.map { $0.data["to"] } == [
        .string(report.observation.metrics.healthState.rawValue)
      ])
    let numbers = all.events.compactMap(\.number)
    #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
    for event in all.events where event.number != nil {
      let rest = try reader.read(after: event.number ?? 0, limit: 1000).events
      #expect(rest == Array(all.events.drop { $0 != event }.dropFirst()), "behind \(event.number ?? 0)")
    }
  }

  @Test func unchangedHealthIsNoNews() async throws {
    let world = try TestSurface()
    _ = try await world.turn()
    let journal = try world.journal()
    let before = try journal.lastEntry()
    _ = try await world.turn()
    let events = try JournalEvents(journal, time: world.surface.time).read(after: before, limit: 1000).events
    #expect(events.contains { $0.name == .cycle } && !events.contains { $0.name == .health })
  }

  @Test func whoComesFromTooFarBackIsToldToReadAnew() async throws {
    let world = try TestSurface()
    _ = try await world.turn()
    let newest = try world.journal().lastEntry()
    let found = try EventWatch.events(world.surface, after: newest + 5)
    #expect(found.events.map(\.name) == [.gap] && found.last == newest, "a journal that begins anew")
    #expect(try EventWatch.events(world.surface, after: newest).events.isEmpty)
  }

  @Test func eventsHaveTheFormOfTheStandard() {
    let event = ServedEvent(7, .pause, ["by": "a\nb"])
    #expect(event.text == "id: 7\nevent: pause\ndata: {\"by\":\"a\\nb\"}\n\n")
    #expect(ServedEvent(nil, .status, [:]).text == "event: status\ndata: {}\n\n")
  }

  private func collected(_ subscription: EventHub.Subscription) async -> [Int64] {
    var numbers: [Int64] = []
    for await case .event(let event) in subscription.items { numbers.append(event.number ?? -1) }
    return numbers
  }

  @Test func followersGetWhatIsToldAfterTheyCame() async throws {
    let hub = EventHub(limit: 2, waiting: 8)
    #expect(!hub.isFollowed)
    let first = try hub.subscribe(newest: 3)
    hub.tell([.event(ServedEvent(4, .pause, [:]))], last: 4)
    let second = try hub.subscribe(newest: 9)
    #expect(
      first.since == 3 && second.since == 4, "the second joins where the hub is, not where the journal is")
    hub.tell([.event(ServedEvent(5, .pause, [:])), .alive], last: 5)
    hub.close()
    #expect(await collected(first) == [4, 5])
    #expect(await collected(second) == [5])
    #expect(throws: DSLError.self) { try hub.subscribe(newest: 5) }
  }

  @Test func slowFollowersAreLetGoAndTooManyRefused() async throws {
    let hub = EventHub(limit: 2, waiting: 4)
    let slow = try hub.subscribe(newest: 0)
    let other = try hub.subscribe(newest: 0)
    let error = #expect(throws: DSLError.self) { try hub.subscribe(newest: 0) }
    #expect(error?.code == .busy)
    for number in 1...5 { hub.tell([.event(ServedEvent(Int64(number), .pause, [:]))], last: Int64(number)) }
    #expect(hub.count == 0, "both let five events pile up")
    #expect(await collected(slow) == [1, 2, 3, 4])
    #expect(await collected(other).count == 4)
    _ = try hub.subscribe(newest: 5)
    #expect(hub.count == 1)
  }
}
