import DSLBase
import Foundation
import Testing

@testable import Coordination

/// Archives that nobody should have made.
@Suite struct HostileArchiveTests {
  private let posix = PosixFileSystem()

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var message: String
    var entries: [(type: Character, name: String, link: String, content: String)]
    var testDescription: String { name }
  }

  static let cases = [
    Case(name: "absolute", message: "absolute path", entries: [("0", "/etc/evil", "", "x")]),
    Case(
      name: "upwards", message: "leads out",
      entries: [("0", "c/agent_1.json", "", "{}"), ("0", "c/../../evil", "", "x")]),
    Case(
      name: "device", message: "a character device",
      entries: [("0", "c/agent_1.json", "", "{}"), ("3", "c/null", "", "")]),
    Case(name: "block", message: "a block device", entries: [("4", "c/sda", "", "")]),
    Case(name: "fifo", message: "a FIFO", entries: [("6", "c/work_1.json", "", "")]),
    Case(name: "sparse", message: "a sparse file", entries: [("S", "c/work_1.json", "", "")]),
    Case(name: "unknown", message: "unknown type", entries: [("Z", "c/work_1.json", "", "")]),
    Case(
      name: "link out", message: "leads out",
      entries: [("0", "c/agent_1.json", "", "{}"), ("2", "c/l", "../../etc", "")]),
    Case(
      name: "link to root", message: "leads out",
      entries: [("0", "c/agent_1.json", "", "{}"), ("2", "c/l", "/etc", "")]),
    Case(
      name: "through a link", message: "is not a coordination",
      entries: [("2", "c/l", "d", ""), ("0", "c/l/evil", "", "x")]),
    Case(
      name: "hard link out", message: "leads out",
      entries: [("0", "c/agent_1.json", "", "{}"), ("1", "c/h", "../x", "")]),
    Case(
      name: "hard link away", message: "absolute",
      entries: [("0", "c/agent_1.json", "", "{}"), ("1", "c/h", "/etc/passwd", "")]),
    Case(
      name: "hard link to nothing", message: "does not lead to a file before it",
      entries: [("0", "c/agent_1.json", "", "{}"), ("1", "c/h", "c/none", "")]),
    Case(
      name: "twice", message: "twice",
      entries: [("0", "c/agent_1.json", "", "{}"), ("0", "c/agent_1.json", "", "[]")]),
    Case(
      name: "twice in disguise", message: "twice",
      entries: [("0", "c/agent_1.json", "", "{}"), ("0", "./c/./agent_1.json", "", "[]")]),
    Case(
      name: "file as directory", message: "lies in what is a file",
      entries: [("0", "c/a", "", "x"), ("0", "c/a/b", "", "x")]),
    Case(
      name: "directory as file", message: "twice",
      entries: [("5", "c/", "", ""), ("5", "c/a", "", ""), ("0", "c/a", "", "x")]),
    Case(
      name: "two roots", message: "does not lie in",
      entries: [("0", "c/agent_1.json", "", "{}"), ("0", "d/x", "", "x")]),
    Case(name: "something else", message: "no coordination directory", entries: [("0", "c/readme", "", "x")]),
    Case(name: "nothing", message: "holds nothing", entries: []),
  ]

  static func archive(_ entries: [(type: Character, name: String, link: String, content: String)]) throws
    -> [UInt8]
  {
    var tar: [UInt8] = []
    for entry in entries {
      var header = TarHeader.block(
        type: entry.type, name: entry.name.utf8, size: Int64(entry.content.utf8.count))
      header.replaceSubrange(157..<157 + entry.link.utf8.count, with: Array(entry.link.utf8))
      ArchiveFormatTests.mendChecksum(&header, at: 0)
      tar += header + Array(entry.content.utf8)
      tar += [UInt8](repeating: 0, count: TarWriter.padding(Int64(entry.content.utf8.count)))
    }
    return try ArchiveFormatTests.gzipped(tar + [UInt8](repeating: 0, count: 1024))
  }

  @Test(arguments: cases) func isRefusedAndNothingIsWritten(_ hostile: Case) throws {
    let world = try BackupWorld()
    try world.write("agent_1.json", "{}")
    let path = world.root + "/evil.tgz"
    try posix.write(path, try Self.archive(hostile.entries), exclusive: true)
    let before = try world.content(of: world.root)
    let error = #expect(throws: DSLError.self) {
      try Restore.run(path, to: world.path, .init(replace: true), files: posix, time: world.time, seed: 1)
    }
    #expect(error?.code == .invalidInput, "\(String(describing: error))")
    if hostile.name != "through a link" {
      #expect(error?.message.contains(hostile.message) == true, "\(String(describing: error))")
    }
    #expect(try world.content(of: world.root) == before)
    #expect(posix.exists("/etc/evil") == false)
    let verified = #expect(throws: DSLError.self) {
      try Backup.verify(path, scratch: world.root, files: posix)
    }
    #expect(verified?.message == error?.message)
    #expect(try world.content(of: world.root) == before)
  }

  @Test func limitsOnEntriesHold() throws {
    let world = try BackupWorld()
    let path = world.root + "/many.tgz"
    try posix.write(
      path, try Self.archive((0..<20).map { ("0", "c/work_\($0).json", "", "{}") }), exclusive: true)
    var options = Restore.Options()
    options.limits.entries = 19
    let error = #expect(throws: DSLError.self) {
      try Restore.run(path, to: world.root + "/new", options, files: posix, time: world.time, seed: 1)
    }
    #expect(error?.message.contains("more than 19 entries") == true)
    options.limits.entries = 20
    _ = try Restore.run(path, to: world.root + "/new", options, files: posix, time: world.time, seed: 1)
  }

  /// One bit is flipped at every position of a small backup: it is refused, or holds exactly the same as before.
  @Test func everyFlippedBitIsFoundOrMeansNothing() throws {
    let world = try BackupWorld()
    try world.write("work_1.json", #"{"id": "1"}"#)
    let archive = try #require(try world.backup(to: .file(world.root + "/b.tar.gz")).path)
    let bytes = try posix.read(archive, limit: 1 << 20)
    let memory = InMemoryFileSystem()
    func facts(_ bytes: [UInt8]) throws -> [String: ArchiveExtraction.Found] {
      try memory.write("/b", bytes, exclusive: false)
      var extraction = ArchiveExtraction(BackupArchive(path: "/b", files: memory), into: "/") { _ in false }
      try extraction.run()
      #expect(extraction.summary != nil)
      return extraction.found
    }
    let wanted = try facts(bytes)
    #expect(wanted.count == 3 && bytes.count < 8000)
    var accepted: [Int] = []
    var random = SplitMix64(seed: 99)
    for position in bytes.indices {
      var damaged = bytes
      damaged[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      do {
        #expect(try facts(damaged) == wanted, "byte \(position)")
        accepted.append(position)
      } catch {
        let code = (error as? DSLError)?.code
        #expect(code == .corrupt || code == .invalidInput, "byte \(position): \(error)")
      }
    }
    // Time, level and system in gzip's header, and distances in deflate's stream that lead to equal bytes.
    #expect(accepted.count < bytes.count / 20, "\(accepted)")
    for cut in stride(from: 0, to: bytes.count, by: 7) {
      #expect(throws: DSLError.self, "cut at \(cut)") { try facts(Array(bytes[..<cut])) }
    }
  }
}

extension PosixFileSystem {
  fileprivate func exists(_ path: String) -> Bool { (try? status(path)) != nil }
}
