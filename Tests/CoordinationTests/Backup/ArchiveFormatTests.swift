import DSLBase
import Foundation
import Testing

@testable import Coordination

/// gzip and tar, ours against themselves and against the system's.
@Suite struct ArchiveFormatTests {
  /// Gives out bytes in pieces of changing size.
  final class Pieces {
    private var rest: ArraySlice<UInt8>
    private var random: SplitMix64

    init(_ bytes: [UInt8], seed: UInt64) {
      rest = bytes[...]
      random = SplitMix64(seed: seed)
    }

    func next() -> [UInt8] {
      let piece = rest.prefix(Int.random(in: 1...3000, using: &random))
      rest = rest.dropFirst(piece.count)
      return Array(piece)
    }
  }

  final class Collected { var bytes: [UInt8] = [] }

  static func gzipped(_ bytes: [UInt8]) throws -> [UInt8] {
    let output = Collected()
    let writer = try GzipWriter { output.bytes += $0 }
    try writer.write(bytes[...])
    try writer.finish()
    return output.bytes
  }

  static func unzipped(_ bytes: [UInt8], limits: ArchiveLimits = .init(), seed: UInt64 = 1) throws -> [UInt8]
  {
    let pieces = Pieces(bytes, seed: seed)
    let reader = try GzipReader(name: "a.gz", limits: limits) { pieces.next() }
    var result: [UInt8] = []
    while true {
      let piece = try reader.next()
      if piece.isEmpty { return result }
      result += piece
    }
  }

  @Test(arguments: [0, 1, 500, 131_072, 131_073, 1_000_000]) func whatIsPackedIsUnpacked(size: Int) throws {
    var random = SplitMix64(seed: UInt64(size))
    let bytes = (0..<size).map { _ in UInt8.random(in: 0...20, using: &random) }
    let packed = try Self.gzipped(bytes)
    #expect(try Self.unzipped(packed) == bytes)
    #expect(
      try Self.unzipped(packed + packed + [0, 0, 0]) == bytes + bytes, "members add up, zeros are padding")
    #expect(throws: DSLError.self) { try Self.unzipped(packed + [1]) }
    for cut in [1, 9, packed.count / 2, packed.count - 1] where cut < packed.count {
      let error = #expect(throws: DSLError.self) { try Self.unzipped(Array(packed[..<cut])) }
      #expect(error?.code == .corrupt)
    }
  }

  @Test func bombsAreRefused() throws {
    let zeros = try Self.gzipped([UInt8](repeating: 0, count: 3 << 20))
    var limits = ArchiveLimits()
    limits.ratioAfter = 1 << 20
    let ratio = #expect(throws: DSLError.self) { try Self.unzipped(zeros, limits: limits) }
    #expect(ratio?.code == .invalidInput && ratio?.message.contains("200 times") == true)
    limits = ArchiveLimits()
    limits.bytes = 1 << 20
    let size = #expect(throws: DSLError.self) { try Self.unzipped(zeros, limits: limits) }
    #expect(size?.message.contains("holds more than 1048576 bytes") == true)
  }

  static func entries(_ bytes: [UInt8], seed: UInt64 = 1) throws -> [(entry: TarEntry, content: [UInt8])] {
    let pieces = Pieces(bytes, seed: seed)
    let reader = TarReader(name: "a.tar") { pieces.next() }
    var entries: [(TarEntry, [UInt8])] = []
    while let entry = try reader.next() {
      var content: [UInt8] = []
      try reader.forEachPiece { content += $0 }
      entries.append((entry, content))
    }
    return entries
  }

  @Test func tarReadsWhatItWrote() throws {
    let seed: UInt64 = 20_261_121
    var random = SplitMix64(seed: seed)
    for round in 0..<60 {
      var wanted: [(TarEntry, [UInt8])] = []
      let output = Collected()
      var writer = TarWriter { output.bytes += $0 }
      try writer.comment("{\"round\":\(round)}")
      for number in 0..<Int.random(in: 0...6, using: &random) {
        let length = [1, 99, 100, 101, 255, 400].randomElement(using: &random) ?? 1
        let name = "\(number)" + String(repeating: "ä/", count: length / 3) + "n"
        let content = (0..<([0, 1, 511, 512, 513, 9000].randomElement(using: &random) ?? 0)).map {
          UInt8($0 & 255)
        }
        let entry = TarEntry(
          path: name, kind: .file, size: Int64(content.count), permissions: 0o640,
          modified: [0, 1_790_000_000, -5, 9_000_000_000].randomElement(using: &random) ?? 0,
          owner: [0, 1000, 3_000_000].randomElement(using: &random) ?? 0, group: 7)
        try writer.begin(entry)
        try writer.append(content[...])
        try writer.end()
        wanted.append((entry, content))
      }
      try writer.finish()
      let read = try Self.entries(output.bytes, seed: seed &+ UInt64(round))
      #expect(read.map(\.entry) == wanted.map(\.0), "seed \(seed) round \(round)")
      #expect(read.map(\.content) == wanted.map(\.1), "seed \(seed) round \(round)")
    }
  }

  @Test(arguments: ["gnu", "pax", "ustar", "v7", "oldgnu"]) func tarReadsWhatTheSystemWrote(format: String)
    throws
  {
    let folder = try TemporaryDirectory()
    let name = format == "v7" || format == "ustar" ? "short.txt" : String(repeating: "n", count: 200) + ".txt"
    try PosixFileSystem().makeDirectory(folder.path + "/d")
    try PosixFileSystem().write("\(folder.path)/d/\(name)", Array("hello".utf8), exclusive: true)
    let archive = folder.path + "/a.tar"
    let outcome = try BackupWorld.run(
      BackupWorld.tar, ["--format=\(format)", "-cf", archive, "-C", folder.path, "d"])
    #expect(outcome.status == 0, "\(outcome.out)")
    let read = try Self.entries(try PosixFileSystem().read(archive, limit: 1 << 20))
    #expect(read.map(\.entry.path) == ["d", "d/\(name)"])
    #expect(read.map(\.entry.kind) == [.directory, .file])
    #expect(read.last.map { String(decoding: $0.content, as: UTF8.self) } == "hello")
    let modified = try PosixFileSystem().status("\(folder.path)/d/\(name)")?.modified ?? 0
    #expect(read.last?.entry.modified == modified / 1_000_000_000)
  }

  /// Whatever is changed in an archive, reading ends, with entries or with an error of ours.
  @Test func damagedTarNeverTrapsTheReader() throws {
    let output = Collected()
    var writer = TarWriter { output.bytes += $0 }
    for name in ["a", String(repeating: "b", count: 150)] {
      try writer.begin(TarEntry(path: name, kind: .file, size: 600))
      try writer.append([UInt8](repeating: 65, count: 600)[...])
      try writer.end()
    }
    try writer.finish()
    let seed: UInt64 = 4711
    var random = SplitMix64(seed: seed)
    for round in 0..<3000 {
      var bytes = output.bytes
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let position = Int.random(in: 0..<bytes.count, using: &random)
        bytes[position] = UInt8.random(in: 0...255, using: &random)
        if Bool.random(using: &random) { Self.mendChecksum(&bytes, at: position / 512 * 512) }
      }
      if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
      do { _ = try Self.entries(bytes) } catch {
        #expect(error is DSLError, "seed \(seed) round \(round): \(error)")
      }
    }
  }

  static func mendChecksum(_ bytes: inout [UInt8], at block: Int) {
    var sum = 0
    for offset in 0..<512 { sum += (148..<156).contains(offset) ? 0x20 : Int(bytes[block + offset]) }
    let digits = String(sum, radix: 8)
    let text = Array((String(repeating: "0", count: 6 - digits.count) + digits).utf8) + [0, 0x20]
    bytes.replaceSubrange(block + 148..<block + 156, with: text)
  }
}
