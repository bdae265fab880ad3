import DSLBase
import Glibc
import Synchronization

/// The two streams of the process.
///
/// What goes to stdout is data; what goes to stderr is for whoever looks on. A reader that has gone away is no error:
/// `isClosed` says so, and further output is dropped.
final class Console: Sendable {
  /// Whether stdout is a terminal.
  let isTerminal: Bool
  /// Whether stderr is a terminal.
  let errorsOnTerminal: Bool
  private let closed = Mutex(false)

  init() {
    isTerminal = isatty(STDOUT_FILENO) == 1
    errorsOnTerminal = isatty(STDERR_FILENO) == 1
    // A handler instead of SIG_IGN: it makes `write` return EPIPE, and child processes do not inherit it.
    signal(SIGPIPE) { _ in }
  }

  /// Columns of the terminal; `nil` when stdout is none.
  var columns: Int? {
    var size = winsize()
    guard isTerminal, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// Whether stdout's reader is gone.
  var isClosed: Bool { closed.withLock { $0 } }

  /// Writes to stdout.
  func write(_ text: String) {
    guard !isClosed else { return }
    if !Self.write(text, to: STDOUT_FILENO) { closed.withLock { $0 = true } }
  }

  /// Writes bytes to stdout.
  ///
  /// - Throws: `io` when its reader is gone: what it has so far is not whole.
  func write(bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        throw DSLError(.io, "stdout takes no more", cause: String(cString: strerror(errno)))
      }
      rest = rest.dropFirst(count)
    }
  }

  /// Writes a line to stderr.
  func note(_ line: String) { _ = Self.write(line + "\n", to: STDERR_FILENO) }

  /// Writes to stderr as it is, for a line that is drawn again and again.
  func draw(_ text: String) { _ = Self.write(text, to: STDERR_FILENO) }

  private static func write(_ text: String, to descriptor: Int32) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, UnsafeBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
      }
      return true
    }
  }

  /// All of stdin, up to a limit.
  ///
  /// - Returns: `nil` when there is more than `limit`.
  func standardInput(limit: Int) -> [UInt8]? {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(STDIN_FILENO, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return bytes }
      guard bytes.count + count <= limit else { return nil }
      bytes.append(contentsOf: chunk.prefix(count))
    }
  }
}
