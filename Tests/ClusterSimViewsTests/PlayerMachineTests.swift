import Testing

@testable import ClusterSimViews

/// Start, pause, step, speed, the end of an episode: events in, actions out.
@Suite struct PlayerMachineTests {
  private func live(at position: Int = 0, end: Int? = nil) -> PlayerMachine {
    var player = PlayerMachine()
    #expect(player.on(.loaded(position: position, end: end, isRecorded: false)) == [.tell])
    return player
  }

  @Test func stepsComeAtTheSpeed() {
    var player = live()
    #expect(player.on(.tick(0)) == [], "it stands still until it is started")
    #expect(player.on(.start) == [.tell])
    #expect(player.on(.start) == [])
    #expect(player.on(.tick(100)) == [])
    #expect(player.on(.tick(100.0625)) == [], "ten steps a second: less than a step")
    #expect(player.on(.tick(100.125)) == [.advance(1)])
    #expect(player.on(.tick(100.375)) == [.advance(2)])
    #expect(player.on(.speed(100)) == [.tell])
    #expect(player.on(.tick(100.5)) == [])
    #expect(player.on(.tick(100.75)) == [.advance(25)])
    #expect(player.on(.pause) == [.tell])
    #expect(player.on(.pause) == [])
    #expect(player.on(.tick(200)) == [])
  }

  @Test func aStandstillIsNotMadeUpFor() {
    var player = live()
    _ = player.on(.speed(10_000))
    #expect(player.speed == 500)
    _ = player.on(.speed(0))
    #expect(player.speed == 0.5)
    _ = player.on(.speed(500))
    _ = player.on(.start)
    #expect(player.on(.tick(0)) == [])
    #expect(player.on(.tick(60)) == [.advance(100)])
    #expect(player.on(.tick(60.001)) == [])
    #expect(player.on(.tick(60.015625)) == [.advance(7)])
  }

  @Test func singleStepsPause() {
    var player = live(at: 5)
    _ = player.on(.start)
    #expect(player.on(.step(1)) == [.advance(1), .tell])
    #expect(!player.isRunning)
    _ = player.on(.moved(position: 6, end: nil))
    #expect(player.on(.step(-10)) == [.seek(0), .tell])
    #expect(player.on(.step(-2)) == [.seek(4), .tell])
    #expect(player.on(.seek(-3)) == [.seek(0), .tell])
    #expect(player.on(.seek(40)) == [.seek(40), .tell])
    #expect(player.on(.step(0)) == [.tell])
    #expect(player.on(.step(5000)) == [.advance(100), .tell])
  }

  @Test func theNextEpisodeFollows() {
    var player = live()
    _ = player.on(.start)
    _ = player.on(.tick(0))
    #expect(player.on(.tick(1)) == [.advance(10)])
    _ = player.on(.moved(position: 7, end: 7))
    #expect(player.on(.tick(2)) == [])
    #expect(player.on(.tick(3.25)) == [], "its end is shown for a second and a half")
    #expect(player.on(.tick(3.5)) == [.next])
    #expect(player.on(.loaded(position: 0, end: nil, isRecorded: false)) == [.tell])
    #expect(player.isRunning)
    #expect(player.on(.tick(4)) == [])
    #expect(player.on(.tick(4.25)) == [.advance(2)])
    // Without it the end is the end, and start begins another.
    #expect(player.on(.continues(false)) == [.tell])
    _ = player.on(.moved(position: 2, end: 2))
    #expect(player.on(.tick(5)) == [.tell])
    #expect(!player.isRunning)
    #expect(player.on(.step(1)) == [.tell], "no step comes after the end")
    #expect(player.on(.start) == [.next])
  }

  @Test func aRecordedEpisodeStaysAtItsEnd() {
    var player = PlayerMachine()
    _ = player.on(.loaded(position: 0, end: 3, isRecorded: true))
    _ = player.on(.start)
    _ = player.on(.tick(0))
    #expect(player.on(.tick(0.125)) == [.advance(1)])
    _ = player.on(.moved(position: 3, end: 3))
    #expect(player.on(.tick(9)) == [.tell])
    #expect(!player.isRunning && player.isAtEnd)
    #expect(player.on(.start) == [.seek(0), .tell], "started again from its beginning")
  }
}
