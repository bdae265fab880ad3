import ArgumentParser
import ClusterSim
import DSLBase
import Glibc
import Synchronization

/// `dsl sim bench`: how fast the simulator is here.
struct SimBenchCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure how many steps a second the simulator does on this machine.",
    discussion: """
      Random actions, 35 floats observed after each step, episodes that start anew within the step that ends one. Each
      thread has environments of its own. All are measured in turns, up to 20 times, of which the medians are shown. steps/s is
      by the clock, over all threads; ns/step is processor time of a thread, the best of its slices; speedup is against the
      first number of threads, with as many environments for each. Where processor is below 100 % others had the processor
      meanwhile, and speedup says little.

      Examples:
        dsl sim bench
        dsl sim bench --size 6x6 --environments 1,64 --threads 1,2,4 --seconds 3
      """)
  static let reportName = "sim-bench"

  @Option(help: ArgumentHelp("The grid.", valueName: "HxW"))
  var size = "8x8"

  @Option(help: ArgumentHelp("Environments of each thread, separated by commas.", valueName: "counts"))
  var environments = "16,256,1024,16384"

  @Option(
    help: ArgumentHelp(
      "Threads, separated by commas: 1 and 2 without it, where there are two.", valueName: "counts"))
  var threads: String?

  @Option(help: ArgumentHelp("How long each is measured.", valueName: "seconds"))
  var seconds = 1.0

  @OptionGroup var global: GlobalOptions

  /// Each is measured so many times, in turns, so that a processor whose clock changes changes it for all of them alike; no time is shorter
  /// than this.
  private static let (mostWindows, leastSeconds) = (20, 0.1)

  private struct Row {
    var environments: Int
    var threads: Int
    /// By the clock, over all threads: the median.
    var stepsPerSecond: Double
    /// Processor time, the best slice of any thread.
    var nanosecondsPerStep: Double
    var steps: Int
    /// Of the clock's time that the threads had a processor; less than 1 where others had it.
    var processorShare: Double
    var speedup: Double?
  }

  func report(_ context: Context) async throws -> Report? {
    guard (0.01...600).contains(seconds) else {
      throw DSLError(.invalidInput, "--seconds \(seconds)", fix: "give 0.01 to 600")
    }
    let parts = size.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let height = parts[0], let width = parts[1] else {
      throw DSLError(.invalidInput, "--size \(size): expected rows and columns such as 8x8")
    }
    let configuration = ClusterConfiguration(.canonical, height: height, width: width)
    let counts = try Self.list(environments, "--environments", 1...65_536)
    let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let numbers = try Self.list(threads ?? (cores > 1 ? "1,2" : "1"), "--threads", 1...256)
    let pairs = counts.flatMap { count in numbers.map { (count, threads: $0) } }
    let windows = max(1, min(Self.mostWindows, Int(seconds / Self.leastSeconds)))
    var laps: [[Row]] = Array(repeating: [], count: pairs.count)
    var progress = Progress("measurements", total: pairs.count * windows, context)
    for window in 0..<windows {
      for (i, pair) in pairs.enumerated() {
        try Task.checkCancellation()
        var row = try Self.measure(
          configuration, pair.0, threads: pair.threads, seconds: seconds / Double(windows), context.time)
        let first = i - i % numbers.count
        row.speedup = i == first ? nil : row.stepsPerSecond / laps[first][window].stepsPerSecond
        laps[i].append(row)
        progress.show(window * pairs.count + i + 1)
      }
    }
    progress.end()
    let (model, measured) = (Self.processor(context), laps.map(Self.median))
    var object = configuration.identity
    object["processor"] = .string(model)
    object["cores"] = .int(cores)
    object["physics"] = .string(StepBenchmark.physics)
    object["build"] = .string(Self.build)
    object["measurements"] = .array(measured.map(Self.json))
    return Report(Self.reportName, .object(object)) { paint in
      "\(model), \(cores) cores; physics \(StepBenchmark.physics); \(Self.build) build; \(height)x\(width) cells\n"
        + Self.table(measured).text(paint)
    }
  }

  /// What was measured at different times of the same: the medians of what the clock says, and the best of the processor's time.
  private static func median(_ rows: [Row]) -> Row {
    func middle(_ values: [Double]) -> Double {
      let sorted = values.sorted()
      let half = sorted.count / 2
      return sorted.count % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
    }
    let speedups = rows.compactMap(\.speedup)
    return Row(
      environments: rows[0].environments, threads: rows[0].threads,
      stepsPerSecond: middle(rows.map(\.stepsPerSecond)),
      nanosecondsPerStep: rows.map(\.nanosecondsPerStep).min() ?? .nan,
      steps: rows.reduce(0) { $0 + $1.steps },
      processorShare: middle(rows.map(\.processorShare)), speedup: speedups.isEmpty ? nil : middle(speedups))
  }

  /// Figures of a build without optimization say nothing of the simulator.
  private static var build: String {
    #if DEBUG
      "debug"
    #else
      "release"
    #endif
  }

  private static func list(_ text: String, _ flag: String, _ range: ClosedRange<Int>) throws -> [Int] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let number = Int(part), range.contains(number) else {
        throw DSLError(
          .invalidInput, "\(flag) \(text): expected numbers from \(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }
  }

  private static func processor(_ context: Context) -> String {
    let text = (try? context.files.read("/proc/cpuinfo", limit: 1 << 20)).map {
      String(decoding: $0, as: UTF8.self)
    }
    let line = text?.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { String($0.drop { $0 == " " }) } ?? "unknown processor"
  }

  private static func json(_ row: Row) -> JSONValue {
    [
      "environments": .int(row.environments), "threads": .int(row.threads), "steps": .int(row.steps),
      "steps_per_s": .double(row.stepsPerSecond.rounded()),
      "ns_per_step": .double((row.nanosecondsPerStep * 100).rounded() / 100),
      "processor_share": .double((row.processorShare * 1000).rounded() / 1000),
      "speedup": .optional(row.speedup.map { ($0 * 1000).rounded() / 1000 }),
    ]
  }

  private static func table(_ rows: [Row]) -> TextTable {
    var table = TextTable(header: [
      "environments", "threads", "million steps/s", "ns/step", "processor %", "speedup",
    ])
    table.rightAligned = [0, 1, 2, 3, 4, 5]
    for row in rows {
      table.rows.append([
        "\(row.environments)", "\(row.threads)", Shown.number(row.stepsPerSecond / 1e6),
        Shown.number(row.nanosecondsPerStep, decimals: 1),
        Shown.number(100 * row.processorShare, decimals: 0), row.speedup.map { Shown.number($0) } ?? "",
      ])
    }
    return table
  }
}

// MARK: measuring

extension SimBenchCommand {
  /// What one thread did.
  private struct Lap: Sendable {
    var steps = 0
    var seconds = 0.0
    /// Of the thread's processor time.
    var processorSeconds = 0.0
    /// Processor time a step, the best slice.
    var best = Double.infinity
  }

  /// All threads begin together, when each has its environments ready, and go on for as long.
  private static func measure(
    _ configuration: ClusterConfiguration, _ count: Int, threads: Int, seconds: Double, _ time: any TimeSource
  ) throws -> Row {
    let gate = Gate(threads)
    let laps = Laps()
    var running: [pthread_t] = []
    for index in 0..<threads {
      let body: @Sendable () -> Void = {
        do throws(DSLError) {
          let course = try StepBenchmark(configuration, count: count, seed: UInt64(index) + 1)
          // Slices of some 5 ms, at 80 ns a step.
          let rounds = max(1, 60_000 / count)
          try course.run(rounds: rounds)
          gate.wait()
          laps.add(.success(try lap(course, rounds, seconds, time)))
        } catch {
          gate.wait()
          laps.add(.failure(error))
        }
      }
      running.append(try thread(body))
    }
    for thread in running { pthread_join(thread, nil) }
    let all = try laps.all.map { try $0.get() }
    return Row(
      environments: count, threads: threads,
      stepsPerSecond: all.reduce(0) { $0 + Double($1.steps) / $1.seconds },
      nanosecondsPerStep: 1e9 * (all.map(\.best).min() ?? .nan), steps: all.reduce(0) { $0 + $1.steps },
      processorShare: all.reduce(0) { $0 + $1.processorSeconds } / all.reduce(0) { $0 + $1.seconds },
      speedup: nil)
  }

  private static func lap(
    _ course: StepBenchmark, _ rounds: Int, _ seconds: Double, _ time: any TimeSource
  ) throws(DSLError) -> Lap {
    var lap = Lap()
    let began = time.monotonicSeconds
    while lap.seconds < seconds {
      let before = processorSeconds()
      try course.run(rounds: rounds)
      let took = processorSeconds() - before
      lap.processorSeconds += took
      lap.best = min(lap.best, took / Double(rounds * course.count))
      lap.steps += rounds * course.count
      lap.seconds = time.monotonicSeconds - began
    }
    return lap
  }

  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// A thread of its own: those that tasks share are as few as the cores.
  private static func thread(_ body: @escaping @Sendable () -> Void) throws(DSLError) -> pthread_t {
    final class Box {
      let body: @Sendable () -> Void
      init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body))
    let code = pthread_create(
      &thread, nil,
      { argument in
        argument.map { Unmanaged<Box>.fromOpaque($0).takeRetainedValue().body() }
        return nil
      }, box.toOpaque())
    guard code == 0 else {
      box.release()
      throw DSLError(.io, "no more threads can be made", cause: String(cString: strerror(code)))
    }
    return thread
  }

  /// Where threads wait for each other.
  private final class Gate: Sendable {
    private let missing: Atomic<Int>
    init(_ count: Int) { missing = Atomic(count) }

    func wait() {
      missing.subtract(1, ordering: .acquiringAndReleasing)
      while missing.load(ordering: .acquiring) > 0 { sched_yield() }
    }
  }

  private final class Laps: Sendable {
    private let laps = Mutex<[Result<Lap, DSLError>]>([])
    var all: [Result<Lap, DSLError>] { laps.withLock { $0 } }
    func add(_ lap: Result<Lap, DSLError>) { laps.withLock { $0.append(lap) } }
  }
}
