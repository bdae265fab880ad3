import ClusterSim
import Foundation
import Testing

@testable import ClusterSimViews

/// Pictures and event files, read back by readers written from the published formats, in Python.
@Suite struct PictureTests {
  /// Runs a script of Python with files as arguments; what it prints.
  static func python(_ script: String, _ files: [[UInt8]]) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "dsl-views-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var names: [String] = []
    for (i, file) in files.enumerated() {
      let name = folder.appendingPathComponent("\(i)")
      try Data(file).write(to: name)
      names.append(name.path)
    }
    let out = folder.appendingPathComponent("out")
    try Data().write(to: out)
    let reader = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "readers.py")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", reader.path, script] + names
    process.standardOutput = try FileHandle(forWritingTo: out)
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(script)")
    return String(decoding: try Data(contentsOf: out), as: UTF8.self)
  }

  private func noise(_ width: Int, _ height: Int, colours: UInt64, seed: UInt64) -> Raster {
    var raster = Raster(width: width, height: height, filled: 0)
    var state = seed
    for y in 0..<height {
      for x in 0..<width {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        raster.set(x, y, UInt8((state >> 33) % colours))
      }
    }
    return raster
  }

  private func hex(_ raster: Raster) -> String {
    raster.pixels.map { pixel in
      let c = Palette.colours[Int(pixel)]
      return [c.red, c.green, c.blue].map { String(format: "%02x", $0) }.joined()
    }.joined()
  }

  @Test(arguments: [(1, 1, 1), (17, 9, 3), (120, 80, 256)])
  func aPNGIsWhatWasDrawn(_ width: Int, _ height: Int, _ colours: Int) throws {
    let raster = noise(width, height, colours: UInt64(colours), seed: 7)
    let read = try Self.python("png", [try PNG.bytes(raster, comment: "of nothing")])
    #expect(read == "\(width) \(height) \(hex(raster))\nComment: of nothing\n")
  }

  /// Noise fills the table of codes many times; one colour makes long runs; few colours pass every width.
  @Test(arguments: [(1, 1, 1), (2, 1, 2), (300, 200, 1), (64, 64, 2), (150, 130, 5), (200, 150, 256)])
  func aGIFIsWhatWasDrawn(_ width: Int, _ height: Int, _ colours: Int) throws {
    let frames = (0..<3).map { noise(width, height, colours: UInt64(colours), seed: $0) }
    var gif = GIF(width: width, height: height, comment: "of nothing")
    for (i, frame) in frames.enumerated() { gif.add(frame, centiseconds: 5 + i) }
    let read = try Self.python("gif", [gif.bytes])
    let expected = frames.enumerated().map { "\(5 + $0) \(hex($1))\n" }.joined()
    #expect(read == "\(width) \(height) 3 forever of nothing\n" + expected)
  }

  @Test func aMomentIsDrawn() throws {
    let tape = try EpisodeTape(ClusterConfiguration(), RandomPolicy(), name: "random", key: 3)
    while tape.advance() {}
    let frame = tape.frame
    let raster = HeatMap(.memory, side: 16, steps: tape.count).raster(frame)
    #expect(raster.width == 96 && raster.height == 100)
    for cell in 0..<36 where (cell / 6, cell % 6) != (frame.row, frame.column) {
      let isLost = frame.ooms.contains { $0.row * 6 + $0.column == cell }
      // A pixel beside the middle, where no frame and no cross is.
      let pixel = raster[cell % 6 * 16 + 7, cell / 6 * 16 + 3]
      if !isLost { #expect(pixel == Palette.colour(permille: frame.memory[cell]), "cell \(cell)") }
    }
    let middle = raster[frame.column * 16 + 7, frame.row * 16 + 7]
    #expect(
      middle == Palette.colour(permille: frame.memory[frame.row * 6 + frame.column]) || !frame.ooms.isEmpty)
    #expect(raster[0, 98] == Palette.grey && raster[95, 98] == Palette.grey, "the episode is at its end")
    if let lost = frame.ooms.first {
      let (x, y) = (lost.column * 16, lost.row * 16)
      let red = (0..<16).flatMap { dx in (0..<16).map { raster[x + dx, y + $0] } }.count { $0 == Palette.red }
      #expect(red > 10)
    }
  }

  @Test func theScaleGetsLighterStepByStep() {
    let lights = (0...1000).map { permille in
      let c = Palette.colours[Int(Palette.colour(permille: permille))]
      return 0.2126 * Double(c.red) + 0.7152 * Double(c.green) + 0.0722 * Double(c.blue)
    }
    #expect(zip(lights, lights.dropFirst()).allSatisfy { $0 <= $1 })
    #expect((lights.last ?? 0) - (lights.first ?? 255) > 200)
  }

  @Test func aPlotIsWellFormedAndSays() throws {
    let tape = try EpisodeTape(ClusterConfiguration(), RandomPolicy(), name: "random", key: 3)
    while tape.advance() {}
    let svg = EpisodePlot(
      title: "a < b & c", origin: "d < e", points: tape.points, incidents: tape.incidents, budget: 100,
      collapse: 0.85
    ).svg
    let read = try Self.python("svg", [Array(svg.utf8)])
    #expect(
      read
        == "a < b & c: reward \(tape.count + 1) load \(tape.count + 1) budget \(tape.count + 1) oom \(tape.incidents.count)\n"
    )
    #expect(svg.contains(">d &lt; e</text>"))
    let own = svg.replacing("http://www.w3.org/2000/svg", with: "")
    #expect(!own.contains("http") && !own.contains("<script"), "it needs nothing from elsewhere")
  }

  @Test func checksumsAreThoseOfTheRFC() {
    #expect(CRC32C.of(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.of(Array(repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.of(Array(repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.of(Array(0..<32)) == 0x46DD_794E)
    #expect(CRC32C.of([]) == 0)
  }

  @Test func eventsAreReadBack() throws {
    let points = [
      TrainingRun.Point(episodes: 64, reward: -120.5, steps: 300.25, ooms: 2, failures: 0.75),
      TrainingRun.Point(episodes: 50_000, reward: 138.125, steps: 498, ooms: 0.125, failures: 0),
    ]
    var bytes = EventFile.head(at: 1_795_000_000.5)
    bytes += EventFile.event(at: 1_795_000_000.5, [("origin", "a b"), ("settings", "`{}`")])
    for point in points {
      bytes += EventFile.event(step: point.episodes, at: 1_795_000_001.25, EventFile.scalars(point))
    }
    let read = try Self.python("events", [bytes])
    #expect(
      read == """
        1795000000.5 0 brain.Event:2
        1795000000.5 0 origin=a b settings=`{}`
        1795000001.25 64 rollout/ep_rew_mean=-120.5 rollout/ep_len_mean=300.25 rollout/ep_oom_mean=2.0 rollout/failure_rate=0.75
        1795000001.25 50000 rollout/ep_rew_mean=138.125 rollout/ep_len_mean=498.0 rollout/ep_oom_mean=0.125 rollout/failure_rate=0.0

        """)
    // A reader that checks finds a flipped bit.
    bytes[bytes.count - 20] ^= 1
    #expect(try Self.python("events", [bytes]).hasSuffix("wrong checksum\n"))
  }
}
