import Coordination
import DecisionEngine
package import DSLBase
package import Telemetry

extension EngineHost {
  /// Decisions that the documented metrics look at.
  private static let recentLimit = 10

  /// Looks at the fleet and tells of it as metrics. Emits no span: a scraper comes every few seconds.
  ///
  /// - Throws: when the journal cannot be read.
  package func metrics() async throws -> [MetricFamily] {
    let (seen, _) = try backend.observeFiles()
    let observation = health.assess(seen)
    return try metrics(of: await programs?.scored(observation, health) ?? observation)
  }

  /// The metrics after a turn, without looking again.
  ///
  /// - Throws: when the journal cannot be read.
  package func metrics(after report: CycleReport) throws -> [MetricFamily] {
    try metrics(of: report.latest ?? report.observation)
  }

  /// Tells of a turn by metrics: to the configured file, and to collectors when they are next told.
  ///
  /// - Returns: why that was not possible, as a sentence for the report: the turn stands all the same.
  func publish(_ report: CycleReport) -> [String] {
    let observation = report.latest ?? report.observation
    world.export?.observe(self) { [weak self] in try self?.engineFamilies(of: observation) }
    guard let textfile = settings.telemetry.textfile else { return [] }
    do {
      try write(metrics(of: observation), textfile: textfile)
      return []
    } catch {
      return ["metrics could not be written to \(textfile): \(error)"]
    }
  }

  private func metrics(of observation: Observation) throws -> [MetricFamily] {
    try engineFamilies(of: observation) + world.meters.families
  }

  private func engineFamilies(of observation: Observation) throws -> [MetricFamily] {
    var sight = EngineSight(observation)
    sight.recent = try journal?.decisions(DecisionFilter(limit: Self.recentLimit)) ?? []
    sight.control = try controlStatus()
    sight.leader = try LeaderStatus(directory, journal, host: world.host, time: world.time)
    // The latest one may be under way.
    let cycles = try journal?.paces(limit: 2) ?? []
    sight.lastCycle = cycles.first?.startedAt
    sight.lastDuration = cycles.lazy.compactMap(Self.duration).first
    sight.tally = try journal?.tally() ?? []
    return sight.families
  }

  /// What a cycle took, when it has ended and has a trace.
  private static func duration(_ cycle: CyclePace) -> HistogramValue.Exemplar? {
    guard let seconds = cycle.seconds, let trace = cycle.traceID else { return nil }
    return HistogramValue.Exemplar(seconds, traceID: trace, at: cycle.startedAt)
  }

  /// The metrics of a status, without looking again.
  ///
  /// - Throws: when the journal cannot be read.
  package func metrics(of status: EngineStatus) throws -> [MetricFamily] {
    try metrics(of: status.observation)
  }

  /// Writes metrics to a file for the textfile collector of Prometheus's node exporter: whole or not at all.
  ///
  /// - Throws: `io` when it cannot be written; what was there stays.
  package func write(_ families: [MetricFamily], textfile path: String) throws(DSLError) {
    let page = PrometheusText.page(families, .text)
    try AtomicFile.commit(world.files, path, Array(page.utf8))
  }
}
