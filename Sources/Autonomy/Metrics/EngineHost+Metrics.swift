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

  /// Tells of a turn by metrics, to the configured file and to collectors.
  ///
  /// - Returns: why that was not possible, as a sentence for the report: the turn stands all the same.
  func publish(_ report: CycleReport) -> [String] {
    let textfile = settings.telemetry.textfile
    let isExported = world.export?.wantsMetrics == true
    guard textfile != nil || isExported else { return [] }
    do {
      let engine = try engineFamilies(of: report.latest ?? report.observation)
      if isExported { world.export?.observe(engine) }
      if let textfile { try write(engine + world.meters.families, textfile: textfile) }
      return []
    } catch {
      return ["metrics could not be written" + (textfile.map { " to \($0)" } ?? "") + ": \(error)"]
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
    sight.lastCycle = try journal?.cycles(CycleFilter(limit: 1)).first?.record.startedAt
    sight.tally = try journal?.tally() ?? []
    return sight.families
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
