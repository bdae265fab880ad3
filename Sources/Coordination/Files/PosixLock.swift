import DSLBase
import Glibc
import Synchronization

/// A held `flock`. The lock belongs to the open file, so it ends with the last descriptor of it, at the latest with
/// the process.
final class PosixLock: FileLock {
  private let held: Mutex<Held>

  private struct Held: ~Copyable {
    var descriptor: Descriptor?
  }

  init(_ descriptor: consuming Descriptor) { held = Mutex(Held(descriptor: descriptor)) }

  deinit { unlock() }

  /// Lets go of the lock itself, not of the descriptor alone: a child that is being forked in this moment has a copy of it, and
  /// would hold the lock until it executes its program.
  func unlock() {
    held.withLock { held in
      if let number = held.descriptor?.number { _ = flock(number, LOCK_UN) }
      held.descriptor = nil
    }
  }
}
