/// Start, pause, step and speed of an episode that is watched. Pure: events in, actions out.
///
/// An episode has a position that is shown and, once it is over, an end. One that a policy plays goes on until it is over,
/// stays a moment, and then gives way to the next if it is to; one that was recorded stays at its end.
package struct PlayerMachine: Sendable, Hashable {
  package enum Event: Sendable, Hashable {
    /// Another episode is in place, shown from a step; `end` is known of one that was recorded.
    case loaded(position: Int, end: Int?, isRecorded: Bool)
    case start
    case pause
    /// So many steps on, or back where it is negative.
    case step(Int)
    /// To a step.
    case seek(Int)
    /// Steps a second.
    case speed(Double)
    /// Whether the next episode follows by itself.
    case continues(Bool)
    /// Time has passed; seconds on a clock that only goes on.
    case tick(Double)
    /// What was asked for has been done: the step that is shown now, and the end where it is known.
    case moved(position: Int, end: Int?)
  }

  package enum Action: Sendable, Hashable {
    /// Go so many steps on.
    case advance(Int)
    /// Show a step.
    case seek(Int)
    /// Put the next episode in place.
    case next
    /// Tell whoever watches that the state of the player is another.
    case tell
  }

  /// Steps a second.
  package static let speeds = 0.5...500.0
  /// How long the end of an episode is shown before the next one, seconds.
  package static let hold = 1.5
  /// Steps of one tick at most: after a standstill they are not made up for.
  package static let burst = 100

  package private(set) var isRunning = false
  package private(set) var speed = 10.0
  package private(set) var continues = true
  package private(set) var isRecorded = false
  package private(set) var position = 0
  package private(set) var end: Int?
  /// Since when steps are counted, and how many were done since.
  private var anchor: Double?
  private var done = 0

  package init() {}

  /// Whether what is shown is the end of the episode.
  package var isAtEnd: Bool { end.map { position >= $0 } ?? false }

  package mutating func on(_ event: Event) -> [Action] {
    switch event {
    case .loaded(let position, let end, let isRecorded):
      (self.position, self.end, self.isRecorded) = (position, end, isRecorded)
      reanchor()
      return [.tell]
    case .start:
      guard !isRunning else { return [] }
      isRunning = true
      reanchor()
      guard isAtEnd else { return [.tell] }
      return isRecorded ? [.seek(0), .tell] : [.next]
    case .pause: return stop()
    case .step(let count):
      _ = stop()
      if count < 0 { return [.seek(max(0, position + count)), .tell] }
      return isAtEnd || count == 0 ? [.tell] : [.advance(min(count, Self.burst)), .tell]
    case .seek(let step):
      _ = stop()
      return [.seek(max(0, step)), .tell]
    case .speed(let speed):
      self.speed = min(max(speed, Self.speeds.lowerBound), Self.speeds.upperBound)
      reanchor()
      return [.tell]
    case .continues(let continues):
      self.continues = continues
      return [.tell]
    case .tick(let now): return tick(now)
    case .moved(let position, let end):
      (self.position, self.end) = (position, end)
      return []
    }
  }

  private mutating func stop() -> [Action] {
    guard isRunning else { return [] }
    isRunning = false
    reanchor()
    return [.tell]
  }

  private mutating func reanchor() { (anchor, done) = (nil, 0) }

  private mutating func tick(_ now: Double) -> [Action] {
    guard isRunning else { return [] }
    if isAtEnd, isRecorded || !continues { return stop() }
    guard let anchor else {
      self.anchor = now
      return []
    }
    if isAtEnd {
      // The first tick at the end begins the time for which it is shown.
      if done >= 0 {
        (self.anchor, done) = (now, -1)
        return []
      }
      guard now - anchor >= Self.hold else { return [] }
      reanchor()
      return [.next]
    }
    let due = Int((max(0, now - anchor) * speed).rounded(.down)) - done
    guard due > 0 else { return [] }
    guard due <= Self.burst else {
      (self.anchor, done) = (now, 0)
      return [.advance(Self.burst)]
    }
    done += due
    return [.advance(due)]
  }
}
