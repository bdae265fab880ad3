import DSLBase
import Synchronization

/// A held `flock`. The lock belongs to the open file, so closing the descriptor releases it, as the death of the process does.
final class PosixLock: FileLock {
  private let held: Mutex<Held>

  private struct Held: ~Copyable {
    var descriptor: Descriptor?
  }

  init(_ descriptor: consuming Descriptor) { held = Mutex(Held(descriptor: descriptor)) }

  func unlock() { held.withLock { $0.descriptor = nil } }
}
