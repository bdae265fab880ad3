import Coordination
import DSLBase
import Dispatch
import Glibc
import SignalStore
import Synchronization
import Telemetry

/// dsl-bench ingest FOLDER DIR SPANS PER: receives FOLDER/*.json again and again, each a request of PER spans, until SPANS
/// spans are stored in DIR, and prints spans a second of CPU time, all threads counted, and the peak of resident memory.
///
/// Everything but the HTTP server: bodies are read from files, decoded, stored in the transaction that a reply waits for,
/// and retention is kept up.
enum IngestBenchmark {
  static func run(folder: String, directory: String, spans: Int, per: Int) throws {
    let files = PosixFileSystem()
    var names: [String] = []
    try files.walk(folder) { entry in
      let name = String(decoding: entry.name, as: UTF8.self)
      if name.hasSuffix(".json") { names.append("\(folder)/\(name)") }
    }
    names.sort()
    guard !names.isEmpty else { throw DSLError(.notFound, "\(folder) has no *.json") }
    let receiver = try OTLPReceiver(
      directory: CoordinationDirectory(path: directory, files: files), time: SystemTime(), seed: 1)
    let before = processorSeconds()
    let failure = Mutex<String?>(nil)
    let done = DispatchSemaphore(value: 0)
    let (paths, requests) = (names, spans / per)
    Task {
      for number in 0..<requests {
        guard let body = try? files.read(paths[number % paths.count], limit: 64 << 20) else { continue }
        let reply = await receiver.receive(
          OTLPRequest(signal: .traces, contentType: "application/json", contentEncoding: nil, body: body))
        if reply.status != 200 { failure.withLock { $0 = String(decoding: reply.body, as: UTF8.self) } }
      }
      done.signal()
    }
    done.wait()
    if let failure = failure.withLock({ $0 }) { throw DSLError(.internalError, failure) }
    let seconds = processorSeconds() - before
    let stored = receiver.received.traces.stored
    guard stored == requests * per else {
      throw DSLError(.internalError, "\(stored) of \(requests * per) stored")
    }
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let result: JSONValue = [
      "spans": .int(stored), "cpu_seconds": .double(seconds),
      "spans_per_cpu_second": .double(Double(stored) / seconds), "peak_rss_mib": .int(usage.ru_maxrss / 1024),
    ]
    puts(result.text())
  }

  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
