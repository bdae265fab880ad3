import Coordination
import DSLBase
import Testing

/// What the queue writes: its store's log, and the text of finished records.
@Suite struct QueueStoreTests {
  private let world: QueueWorld

  init() throws { world = try QueueWorld() }

  @Test func aLogWithRoomAheadHoldsEveryCommit() throws {
    let queue = try world.queue()
    let ids = (0..<60).map { "i\($0)" }
    _ = try queue.add(ids.map { NewWorkItem(id: $0, fields: [:]) })
    for _ in ids { #expect(try queue.complete(try queue.one()) == nil) }

    // What a power failure leaves: the store and its log, not the memory shared between processes.
    let other = try QueueWorld()
    try other.directory().files.makeDirectory(other.path + "/.dsl")
    for name in [".dsl/queue.sqlite", ".dsl/queue.sqlite-wal"] {
      let bytes = try PosixFileSystem().read("\(world.path)/\(name)", limit: 1 << 26)
      if name.hasSuffix("-wal") {
        #expect(bytes.count < 16 << 20)
        #expect(bytes.suffix(32 << 10).allSatisfy { $0 == 0 }, "no room was made")
      }
      try PosixFileSystem().write("\(other.path)/\(name)", bytes, exclusive: true)
    }
    try other.queue(2).flush()
    #expect(
      try other.names().filter { $0.hasPrefix("completed_") } == ids.map { "completed_\($0).json" }.sorted())
  }

  @Test func theLogIsMovedIntoTheStoreAndUsedAgain() throws {
    let queue = try world.queue()
    let note = String(repeating: "x", count: 900)
    _ = try queue.add([NewWorkItem(id: "i", fields: [:])])
    let claim = try queue.one()
    for step in 0..<3000 { try queue.progress(claim.reference, percent: Double(step % 100), note: note) }
    let size = try #require(try PosixFileSystem().status(world.path + "/.dsl/queue.sqlite-wal")?.size)
    for step in 0..<3000 { try queue.progress(claim.reference, percent: Double(step % 100), note: note) }
    let later = try #require(try PosixFileSystem().status(world.path + "/.dsl/queue.sqlite-wal")?.size)
    #expect(size > 8 << 20, "\(size)")
    #expect(later <= 16 << 20, "\(later)")
    #expect(try queue.show("i").percent == 99)
  }

  @Test(arguments: [
    "1999-12-31T23:59:59.999999Z", "2024-02-29T00:00:00.000000Z", "2026-11-21T10:48:00.123456Z",
    "2026-01-02T03:04:05.000000007Z", "1969-12-31T23:59:59.500000Z",
  ])
  func aFinishedRecordReadsAsPrettyJSON(at text: String) throws {
    let now = try #require(Timestamp.parse(text)?.time)
    world.time.step(to: now)
    let queue = try world.queue()
    _ = try queue.add([NewWorkItem(id: "i", fields: ["prompt": "p"])])
    let result: JSONValue = [
      "lines": ["a\n\"b\"", 1, .null], "nested": ["empty": [:], "none": []], "last": 2.5,
    ]
    #expect(try queue.complete(try queue.one(), result) == nil)
    try queue.flush()
    let file = try world.read("completed_i.json")
    var object = try #require(try JSONParser.parse(Array(file.utf8)).object)
    #expect(object["finished"]?.string == text && object["started"]?.string == text)
    #expect(object["result"] == result && object["epoch"]?.int == 1 && object["attempts"]?.int == 1)
    #expect(object["work"]?.object?["prompt"] == "p")
    object["work"] = nil
    let rest = String(decoding: JSONValue.object(object).serialized(.pretty).dropLast(2), as: UTF8.self)
    #expect(file.hasPrefix(rest + ",\n  \"work\": {"))
  }
}
