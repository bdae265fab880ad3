import ArgumentParser
import DSLBase
import GPUScheduling

/// How `dsl gpu simulate` lets pods come and go.
struct DepartureOptions: ParsableArguments {
  @Flag(
    name: .customLong("departures"),
    help: "Pods come and go at their times in the trace; --load then takes so few nodes that it is the mean.")
  var isOn = false

  @Option(
    help: ArgumentHelp(
      "With --departures: each pod with GPUs comes so many times, at random times.", valueName: "count"))
  var copies: Int?

  @Option(
    name: .customLong("preemption"),
    help: ArgumentHelp(
      "With --departures, whose place pods of high QoS take: none, kube, fewest or roomy (docs/gpu.md). May be repeated. Default: roomy.",
      valueName: "rule"))
  var rules: [String] = []

  @Option(
    help: ArgumentHelp(
      "With --departures, how long a victim waits at least before it begins anew, twice as long each time; 0 for not at all. Default: 1h.",
      valueName: "duration"))
  var backOff: String?

  func validate() throws {
    guard isOn || (copies == nil && rules.isEmpty && backOff == nil) else {
      throw ValidationError("--copies, --preemption and --back-off belong to --departures: give it too")
    }
    guard (1...1000).contains(copies ?? 1) else {
      throw ValidationError("--copies \(copies ?? 0): expected a number from 1 to 1000")
    }
  }

  var times: PreemptionReplay.Times { copies.map { .drawn(copies: $0) } ?? .recorded }

  /// By the names that people type; `nil` for none.
  func victimRules() throws -> [(name: String, rule: VictimRule?)] {
    try (rules.isEmpty ? ["roomy"] : rules).map { name in
      if name == "none" { return (name, nil) }
      guard let rule = VictimRule(rawValue: name) else {
        throw DSLError(
          .invalidInput, "there is no rule of preemption \"\(name)\"",
          fix: "name one of none, \(VictimRule.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      return (name, rule)
    }
  }

  /// Seconds.
  func backOffSeconds() throws -> Double {
    backOff == "0" ? 0 : try Input.seconds(backOff ?? "1h", "--back-off")
  }
}
