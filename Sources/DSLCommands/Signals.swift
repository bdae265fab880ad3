import Glibc
import Synchronization

/// Signals as an asynchronous sequence.
///
/// A handler writes the number to a pipe and a thread hands it on. Ignoring signals, as `DispatchSource` on Linux needs
/// it, would be inherited by every process that is started; a handler is not.
enum Signals {
  private static let pipeEnd = Atomic<Int32>(-1)

  /// The signals that arrive from now on. May be called once in a process.
  static func stream(_ signals: [Int32]) -> AsyncStream<Int32> {
    let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { return stream }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    pipeEnd.store(ends[1], ordering: .sequentiallyConsistent)
    let reader = Reader(descriptor: ends[0], continuation: continuation)
    var thread = pthread_t()
    let context = Unmanaged.passRetained(reader)
    let created = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Reader>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, context.toOpaque())
    guard created == 0 else {
      context.release()
      return stream
    }
    pthread_detach(thread)
    for number in signals {
      signal(number) { number in
        let saved = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(Signals.pipeEnd.load(ordering: .sequentiallyConsistent), &byte, 1)
        errno = saved
      }
    }
    return stream
  }

  private final class Reader: Sendable {
    private let descriptor: Int32
    private let continuation: AsyncStream<Int32>.Continuation

    init(descriptor: Int32, continuation: AsyncStream<Int32>.Continuation) {
      self.descriptor = descriptor
      self.continuation = continuation
    }

    func run() {
      var byte: UInt8 = 0
      while true {
        let count = read(descriptor, &byte, 1)
        if count < 0, errno == EINTR { continue }
        guard count == 1 else { return continuation.finish() }
        continuation.yield(Int32(byte))
      }
    }
  }
}
