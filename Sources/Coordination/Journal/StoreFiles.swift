import DSLBase
import Glibc

/// What stands beside a store at a moment, and so how it can be read.
struct StoreFiles: Equatable {
  /// How a reader opens the store.
  enum Way: Equatable {
    /// There is a log, and shared memory that tells what is in it.
    case log
    /// There is no log: nobody is writing.
    case alone
    /// In rollback mode a reader has to lock like everybody else.
    case locking
    /// There is a log but no shared memory: its writer died, or is just opening or closing the store. Also what the power
    /// failure leaves, and plain tar.
    case copy

    /// What it adds to the `file:` URI. Without a log `immutable` spares SQLite from creating one; with a log
    /// `readonly_shm` makes it read the log without touching its index (https://sqlite.org/wal.html#readonly).
    var parameter: String {
      switch self {
      case .log: "&readonly_shm=1"
      case .alone: "&immutable=1"
      case .locking, .copy: ""
      }
    }
  }

  /// A file as far as a change of it can be told.
  struct Stamp: Equatable {
    var inode: UInt64
    var size: Int64
    var modified: Int64

    init?(_ path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      inode = UInt64(status.st_ino)
      size = Int64(status.st_size)
      modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }
  }

  /// A log of that size is a header alone (https://sqlite.org/fileformat2.html#wal_file_format).
  ///
  /// A writer leaves it that died before its first frame. It holds nothing; with `readonly_shm` SQLite would wait 10 s for
  /// somebody to index it and then fail (`walBeginShmUnreliable` in wal.c).
  private static let logHeaderBytes = 32

  let store: Stamp?
  let log: Stamp?
  let rollback: Stamp?
  let hasSharedMemory: Bool

  /// Looks. Nothing is opened: closing the store would end every lock that this process has on it
  /// (https://sqlite.org/howtocorrupt.html, section 2.2).
  init(_ path: String) {
    store = Stamp(path)
    log = Stamp(path + "-wal")
    rollback = Stamp(path + "-journal")
    hasSharedMemory = access(path + "-shm", F_OK) == 0
  }

  var way: Way {
    if let log, log.size > Self.logHeaderBytes || hasSharedMemory && log.size != Self.logHeaderBytes {
      return hasSharedMemory ? .log : .copy
    }
    return rollback == nil ? .alone : .locking
  }
}
