import Coordination
import DSLBase
import DecisionEngine
import Glibc
import Testing

@testable import Autonomy

/// A receiver that does what it is told to: an answer a message, the last one for all that follow.
final class ScriptedSender: MessageSender {
  let answers: MutexBox<[Delivery]>
  let sent = MutexBox<[String]>([])
  private let hangs: Bool

  init(_ answers: [Delivery], hangs: Bool = false) {
    self.answers = MutexBox(answers)
    self.hangs = hangs
  }

  func send(_ event: JSONValue, to receiver: NotifySettings.Receiver) async -> Delivery {
    sent.with { $0.append("\(receiver.name) \(event["type"]?.string ?? "")") }
    if hangs {
      try? await Task.sleep(for: .seconds(3600))
      return .failed("cancelled")
    }
    return answers.with { $0.count > 1 ? $0.removeFirst() : $0[0] }
  }
}

@Suite struct NotificationsTests {
  private final class World {
    let path: String
    let journal: Journal
    let time: any TimeSource
    var settings = NotifySettings()

    init(time: any TimeSource = SystemTime()) throws {
      var template = Array("/tmp/dsl-notify-XXXXXX".utf8CString)
      path = try #require(mkdtemp(&template).map { String(cString: $0) })
      let directory = CoordinationDirectory(path: path, files: PosixFileSystem())
      try directory.files.makeDirectory(directory.state)
      journal = try Journal(directory: directory, access: .readWrite)
      self.time = time
      settings.receivers = [.init(name: "ops", way: .file("unused"))]
      settings.cycles = 1
      settings.flushSeconds = 0.2
    }

    deinit { _ = try? SystemProcesses(bootID: "").run("rm -rf '\(path)'", environment: [], timeout: 10) }

    func notifications(_ sender: any MessageSender) throws -> Notifications {
      try Notifications(
        settings, journal: journal, sender: sender, time: time, source: "dsl://host/dir", host: "host",
        seed: 7)
    }

    func report(score: Double) -> CycleReport {
      var report = CycleReport(id: "c-1", traceID: "", at: time.now)
      report.observation.metrics.healthScore = score
      report.observation.metrics.healthState = HealthModel.standard.state(of: score)
      return report
    }
  }

  @Test func anIncidentIsToldOnceAndClosedAcrossProcesses() async throws {
    let world = try World()
    let sender = ScriptedSender([.delivered])
    for score in [0.2, 0.2, 0.25, 0.8, 0.8] {
      // A process a cycle, as cron does it.
      let notifications = try world.notifications(sender)
      #expect(try notifications.take(world.report(score: score), heldBack: []).isEmpty)
      #expect(await notifications.flush().isEmpty)
    }
    #expect(sender.sent.with { $0 } == ["ops dsl.incident.opened", "ops dsl.incident.closed"])
  }

  @Test func whatDidNotLeaveIsSentByTheNextProcess() async throws {
    let world = try World(time: ManualTime())
    world.settings.flushSeconds = 0
    let first = try world.notifications(ScriptedSender([.delivered], hangs: true))
    _ = try first.take(world.report(score: 0.2), heldBack: [])
    #expect(await first.flush() == ["1 messages wait for the next run"])
    world.settings.flushSeconds = 5
    let sender = ScriptedSender([.delivered])
    let second = try world.notifications(sender)
    _ = try second.take(world.report(score: 0.2), heldBack: [])
    while second.waiting > 0 { await Task.yield() }
    #expect(sender.sent.with { $0 } == ["ops dsl.incident.opened"])
  }

  @Test func aReceiverThatHangsHoldsNothingUp() async throws {
    let world = try World()
    world.settings.receivers.append(.init(name: "other", way: .file("unused")))
    world.settings.queue = 4
    let notifications = try world.notifications(ScriptedSender([.delivered], hangs: true))
    let started = world.time.monotonicSeconds
    var notes: [String] = []
    for cycle in 0..<20 {
      notes += try notifications.take(world.report(score: cycle.isMultiple(of: 2) ? 0.2 : 0.8), heldBack: [])
    }
    notes += await notifications.flush()
    // Not how long: tests share few threads, and others block them.
    #expect(world.time.monotonicSeconds - started < 1800, "the receiver hangs for an hour")
    #expect(notes.contains("1 waiting messages were dropped: more than 4 waited"), "\(notes)")
    #expect(notes.last == "4 messages wait for the next run")
    #expect(notifications.waiting == 4 && notifications.dropped == 2 * 20 - 4)
  }

  @Test func failuresAreTriedAgainWithGrowingWaitsAndRefusalsAreNot() async throws {
    let time = ManualTime()
    let world = try World(time: time)
    let sender = ScriptedSender([
      .failed("status 503"), .failed("status 503"), .delivered, .refused("status 400"),
    ])
    let notifications = try world.notifications(sender)
    _ = try notifications.take(world.report(score: 0.2), heldBack: [])
    for wait in [1.0, 2.0] {
      while time.sleepers == 0 { await Task.yield() }
      time.advance(seconds: wait)
    }
    while notifications.waiting > 0 { await Task.yield() }
    let notes = try notifications.take(world.report(score: 0.8), heldBack: [])
    #expect(
      notes == [
        "receiver ops: status 503; attempt 1, to be tried again",
        "receiver ops: status 503; attempt 2, to be tried again",
      ])
    while notifications.waiting > 0 { await Task.yield() }
    #expect(notifications.dropped == 1)
    #expect(sender.sent.with { $0 }.count == 4)
  }

  @Test func onlyWhatIsBadEnoughIsTold() async throws {
    let world = try World()
    world.settings.receivers[0].minSeverity = .critical
    let sender = ScriptedSender([.delivered])
    let notifications = try world.notifications(sender)
    for score in [0.5, 0.5, 0.8, 0.2, 0.8] {
      _ = try notifications.take(world.report(score: score), heldBack: [])
    }
    _ = await notifications.flush()
    #expect(sender.sent.with { $0 } == ["ops dsl.incident.opened", "ops dsl.incident.closed"])
  }

  @Test func anUndoIsToldOfOnceAndThePastIsNot() async throws {
    let world = try World()
    // However long a busy machine takes for it, the incident is open all the time.
    world.settings.quietAfterSeconds = 86_400
    try world.journal.refused([
      RefusedDecision(
        decision: [:], id: "d-1", cycle: "c", type: "scale_up", target: "fleet", at: world.time.now,
        gate: "x",
        reason: "")
    ])
    func undo() throws {
      try world.journal.undone(
        decision: "d-1", steps: [], outcome: .reverted, reason: "", at: world.time.now, by: "me")
    }
    try undo()
    let sender = ScriptedSender([.delivered])
    for isUndone in [false, true, false] {
      if isUndone { try undo() }
      let notifications = try world.notifications(sender)
      _ = try notifications.take(world.report(score: 0.9), heldBack: [])
      _ = await notifications.flush()
    }
    #expect(sender.sent.with { $0 } == ["ops dsl.incident.opened"])
  }
}
