import Autonomy
import Coordination
import DSLBase
import Testing

/// What has to hold of a directory after a crash of the engine, once the next one has cleared up.
struct EffectAccount {
  let beginning: EffectBeginning
  let told: [String]
  let path: String
  let what: String
  /// Whether the machine came up anew: agents' processes are gone then.
  var rebooted = true

  private var scenario: EffectScenario { beginning.scenario }

  /// Clears up, and checks everything.
  func check() async throws {
    let time = rebooted ? ManualTime(beginning.time.now.adding(seconds: 5), origin: "after") : beginning.time
    let engine = try EffectEngine(scenario, path, time, PosixFileSystem(), seed: 99)
    _ = try await Recovery(engine.executor).run()
    _ = try await Rollback(engine.executor).resume()
    let image = try settled(engine)
    #expect(try engine.journal.unfinished().isEmpty, "\(what): every intent has an outcome")
    #expect(try engine.journal.state("undo_in_progress") == nil, "\(what): no undo is left half done")
    NeighbourAccount(untouched: beginning.untouched, before: beginning.image, what: what).check(image)
    try await expectOutcome(engine, image)
    #expect(try await Recovery(engine.executor).run().isEmpty, "\(what): nothing is left to recover")
    let again = try settled(try EffectEngine(scenario, path, time, PosixFileSystem(), seed: 100))
    #expect(again.files == image.files, "\(what): opening again changes nothing")
  }

  private func settled(_ engine: EffectEngine) throws -> DiskImage { try engine.settled(path) }

  /// The journal and the world say the same.
  private func expectOutcome(_ engine: EffectEngine, _ image: DiskImage) async throws {
    let entries = try engine.journal.decisions(DecisionFilter(limit: 10))
    #expect(entries.count <= 1)
    guard let entry = entries.first else {
      #expect(told.isEmpty && scenario.deed == .execution, "\(what): the decision is not in the journal")
      #expect(records(image) == records(beginning.untouched), "\(what): no action without an intent")
      return
    }
    if told.contains("executed") { #expect(entry.outcome == .executed, "\(what): \(entry.message)") }
    if told.contains("undone") { #expect(entry.isUndone, "\(what): \(entry.undo)") }
    let isUndone = entry.isUndone || entry.outcome == .undoneAfterFailure
    // Undone in part would be reported, but nothing here stands in the way of undoing it whole.
    #expect(entry.undo.isEmpty || entry.isUndone, "\(what): \(entry.undo)")
    #expect(!entry.message.contains("stays"), "\(what): \(entry.message)")
    for step in try entry.steps.map({ try EffectStep(json: $0.step) }) {
      let trace = try await engine.backend.inspect(step)
      if isUndone {
        // A probe leaves a note, a reclaimed claim is gone: neither has anything to undo.
        let leavesTrace = ["probe_agent", "reclaim_item"].contains(step.action)
        #expect(trace == .absent || leavesTrace, "\(what): \(step.action) \(step.target) is left: \(trace)")
      } else {
        #expect(trace != .absent, "\(what): \(step.action) \(step.target) is missing")
      }
    }
    if isUndone { try expectAsBefore(engine, image) }
  }

  private func expectAsBefore(_ engine: EffectEngine, _ image: DiskImage) throws {
    #expect(try engine.queue.preferences().isEmpty, "\(what): hints are taken back")
    for (name, bytes) in records(image) {
      guard let was = beginning.untouched.files[name] else {
        // An agent that was started leaves the record of a stopped one.
        let status = (try? JSONParser.parse(bytes))?["status"]?.string
        #expect(name.hasPrefix("agent_a-") && status == "stopped", "\(what): \(name) \(status ?? "")")
        continue
      }
      guard scenario.type != .healthCheck else { continue }
      #expect(
        bytes == was,
        "\(what): \(name) is \(String(decoding: bytes, as: UTF8.self)), was \(String(decoding: was, as: UTF8.self))"
      )
    }
    #expect(Set(records(beginning.untouched).keys).isSubset(of: image.files.keys), "\(what)")
  }

  private func records(_ image: DiskImage) -> [String: [UInt8]] {
    image.files.filter { !$0.key.hasPrefix(".dsl/") }
  }
}
