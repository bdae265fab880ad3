import AnomalyDetection
import Autonomy
import Coordination
import DSLBase
import DecisionEngine
import Glibc

/// `dsl telemetry start-processing --follow`: one look at telemetry after the other, in the foreground.
///
/// The first SIGINT or SIGTERM ends it after the look under way, within `loop.stop_timeout`; a second one at once. It also ends
/// when processing is stopped by somebody else.
struct TelemetryFollowing {
  let context: Context
  let settings: Settings
  /// Whether a look is printed as an object on a line.
  let isJSON: Bool

  /// Seconds between two questions whether to go on, at most.
  private static let patience = 5.0

  /// Looks until told to end.
  ///
  /// - Throws: what the first look throws. What later ones run into is told, and tried again.
  func run() async throws {
    let stop = StopSign()
    let limit = settings.loop.stopTimeoutSeconds
    let signals = Task {
      for await _ in Signals.stream([SIGINT, SIGTERM]) {
        if stop.isUp { _exit(ExitStatus.cancelled.rawValue) }
        LoopSignals.limit(limit)
        stop.raise()
      }
    }
    defer { signals.cancel() }
    let journal = try Journal(directory: context.directory, access: .readWrite)
    var isFirst = true
    var said = ""
    while !stop.isUp, !context.console.isClosed {
      do {
        guard try journal.position(of: .processing).isOn else {
          context.console.note("dsl: processing was stopped")
          return
        }
        if EngineProbe(context.directory).isHeld == true {
          tell("an engine runs and looks at telemetry itself; waiting for its end", &said)
        } else {
          show(try await look(journal))
          said = ""
        }
      } catch {
        if isFirst { throw error }
        tell("\(error)", &said)
      }
      isFirst = false
      await pause(stop)
    }
  }

  private func look(_ journal: Journal) async throws -> TelemetryLook {
    try await context.withEngine(settings, .look) { engine in try await engine.lookAtTelemetry(journal) }
  }

  /// Waits for the next look, or until told to end.
  private func pause(_ stop: StopSign) async {
    let seconds = min(Self.patience, max(0.1, settings.processing.intervalSeconds))
    let time = context.time
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await stop.wait() }
      group.addTask { try? await time.sleep(seconds: seconds) }
      await group.next()
      group.cancelAll()
    }
  }

  /// The same thing is said once.
  private func tell(_ sentence: String, _ said: inout String) {
    guard sentence != said else { return }
    said = sentence
    context.console.note("dsl: " + Shown.safe(sentence))
  }

  /// A line for each look that found something new to look at.
  private func show(_ look: TelemetryLook) {
    guard look.windows > 0 || !look.notes.isEmpty else { return }
    if isJSON { return context.console.write(look.json.text() + "\n") }
    var text =
      "\(String(look.at.description.prefix(19)))Z  \(look.windows.counted("window")) of "
      + "\(look.services.count.counted("service")), \(look.issues.count.counted("issue")) open\n"
    for signal in look.unusual {
      text += Shown.safe("  like none before: \(signal.measure) of \(signal.service), \(signal.value)") + "\n"
    }
    for note in look.notes { text += "  \(Shown.safe(note))\n" }
    context.console.write(text)
  }
}
