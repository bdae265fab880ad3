import Foundation
import Testing

/// `dsl import swarmsh` only reads its source, as the kernel sees it.
@Suite struct ImportTests {
  @Test(.enabled(if: Shell.has("strace"), "needs strace(1)")) func theSourceIsOpenedForReadingOnly() throws {
    let shell = try Shell()
    try shell.makeQueue()
    try shell(
      """
      mkdir -p swarm/archived_claims
      echo '[{"work_item_id":"w-1","status":"active"},{"work_item_id":"w-2"' > swarm/work_claims.json
      echo '{"work_item_id":"w-3","status":"active"}' > swarm/work_claims_fast.jsonl
      echo '[{"work_item_id":"w-3","status":"completed"}]' > swarm/coordination_log.json
      echo '[{"work_item_id":"w-4","status":"completed"}]' > swarm/archived_claims/completed_claims_20260101.json
      echo '[{"agent_id":"a-1","last_heartbeat":"2026-01-01T00:00:00Z"}]' > swarm/agent_status.json
      echo '{"trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331"}' > swarm/telemetry_spans.jsonl
      """)
    let sums = "find swarm -type f -printf '%p %T@ %C@ ' -exec sha256sum {} +"
    let before = try shell(sums).out
    // Every call that takes a name, and what is written to by descriptor, with the descriptors' paths.
    let traced = try shell(
      """
      strace -f -y -qq -o trace -e trace=%file,%desc dsl --json import swarmsh swarm | jq -c '.data | [.pending, .completed, .agents]'
      """)
    #expect(traced.out == "[1,2,1]\n", "\(traced)")
    #expect(try shell(sums).out == before)
    let source = shell.directory.lastPathComponent + "/swarm"
    let text = String(
      decoding: try Data(contentsOf: shell.directory.appendingPathComponent("trace")), as: UTF8.self)
    var opened = 0
    // What only looks, whatever it is given.
    let looking = [
      "read", "pread64", "getdents64", "fstat", "newfstatat", "statx", "stat", "lstat", "close", "lseek",
      "access",
      "faccessat", "faccessat2", "readlink", "readlinkat", "mmap", "fadvise64", "statfs", "fstatfs",
    ]
    for line in text.split(separator: "\n") where line.contains("\"swarm") || line.contains(source) {
      guard let space = line.firstIndex(of: " "), let open = line[space...].firstIndex(of: "(") else {
        continue
      }
      let name = line[space..<open].drop { $0 == " " }
      switch name {
      case "openat", "open":
        opened += 1
        #expect(line.contains("O_RDONLY"), "\(line)")
        #expect(!["O_CREAT", "O_TRUNC", "O_WRONLY", "O_RDWR"].contains { line.contains($0) }, "\(line)")
      case "execve": break
      case _ where name.hasPrefix("<..."): break
      default: #expect(looking.contains(String(name)), "\(line)")
      }
    }
    #expect(opened >= 6, "the trace shows its files: \(opened)")
  }
}
