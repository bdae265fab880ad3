import Coordination
import DSLBase
import Glibc

/// `dsl-bench queue DIR COUNT BATCH`: adds items, then claims and completes all of them, BATCH at a time, and flushes.
///
/// Prints the seconds of each part; `ci/bench/queue_litequeue.py` runs it beside litequeue.
enum QueueBenchmark {
  static func run(path: String, count: Int, batch: Int) throws {
    let time = SystemTime()
    let directory = CoordinationDirectory(path: path, files: PosixFileSystem())
    let queue = try WorkQueue(directory: directory, time: time, seed: UInt64(getpid()), access: .readWrite)
    let start = time.monotonicSeconds
    for first in stride(from: 0, to: count, by: 500) {
      let items = (first..<min(first + 500, count)).map { number in
        NewWorkItem(
          id: "b\(number)", fields: ["prompt": .string("hash file \(number)"), "number": .int(number)])
      }
      _ = try queue.add(items)
    }
    let added = time.monotonicSeconds
    var done = 0
    while true {
      let claims = try queue.claim(agent: "bench", leaseSeconds: 600, count: batch)
      guard !claims.isEmpty else { break }
      let outcomes = try queue.complete(claims.map { Completion(claim: $0.reference, result: ["ok": true]) })
      done += outcomes.count { if case .completed = $0 { true } else { false } }
    }
    let finished = time.monotonicSeconds
    try queue.flush()
    let flushed = time.monotonicSeconds
    puts(
      "items=\(done) batch=\(batch) add_s=\(added - start) claim_complete_s=\(finished - added) "
        + "flush_s=\(flushed - finished)")
  }
}
