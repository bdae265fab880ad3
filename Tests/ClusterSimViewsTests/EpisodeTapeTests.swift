import ClusterSim
import Testing

@testable import ClusterSimViews

/// Episodes that are watched while they go on, and after they were recorded.
@Suite struct EpisodeTapeTests {
  private func tape(_ key: UInt64 = 3) throws -> EpisodeTape {
    try EpisodeTape(ClusterConfiguration(), RandomPolicy(), name: "random", key: key)
  }

  /// What is watched is what `dsl sim run` records.
  @Test func watchingChangesNothing() throws {
    let box = try BlackBox.record(ClusterConfiguration(), RandomPolicy(), name: "random", key: 3)
    let tape = try tape()
    var steps = 0
    while tape.advance() {
      steps += 1
      // Looking back on the way changes nothing.
      if steps % 50 == 0 {
        tape.seek(to: steps / 2)
        tape.seek(to: steps)
      }
    }
    #expect(steps == box.actions.count && tape.actions == box.actions)
    #expect(tape.incidents == box.incidents && tape.cause == box.cause)
    #expect(tape.points.last?.reward == box.reward && tape.points.count == steps + 1)
    let recorded = try EpisodeTape(box)
    #expect(recorded.points == tape.points && recorded.isRecorded && recorded.isOver)
    #expect(recorded.position == 0 && recorded.count == steps)
  }

  @Test func anyStepIsShownAsItWas() throws {
    let tape = try tape()
    var frames = [tape.frame]
    while tape.advance() { frames.append(tape.frame) }
    #expect(frames.count == tape.count + 1 && frames.last?.cause == tape.cause)
    for step in [0, tape.count, 7, 90, 6, tape.count - 1] {
      tape.seek(to: step)
      #expect(tape.frame == frames[step] && tape.frame.point == tape.points[step])
    }
    tape.seek(to: 1_000_000)
    #expect(tape.position == tape.count)
    tape.seek(to: -4)
    #expect(tape.position == 0 && tape.frame.action == nil)
    #expect(
      tape.advance() && tape.frame == frames[1], "from an earlier step it goes on through what was done")
  }

  @Test func aFrameIsWhatThereIs() throws {
    let tape = try tape()
    for _ in 0..<40 { tape.advance() }
    let frame = tape.frame
    #expect(frame.cpu.count == 36 && frame.memory.count == 36 && frame.step == 40)
    #expect(frame.critical.count == 16)
    #expect(frame.critical.allSatisfy { frame.priority[$0] == 1000 })
    #expect((frame.cpu + frame.memory).allSatisfy { (0...1000).contains($0) })
    let mean = Double(frame.memory.reduce(0, +)) / 36_000
    #expect(abs(mean - frame.point.meanMemory) < 1e-3)
    let worst = frame.critical.map { frame.memory[$0] }.max() ?? -1
    #expect(abs(Double(worst) / 1000 - frame.point.risk) < 1e-3)
  }
}
