import DSLBase
import Glibc

/// A file named like a record that cannot be read as one. It is passed over, counted and left as it is.
package struct RecordProblem: Sendable, Equatable, CustomStringConvertible {
  /// The file's name, safe to print.
  package let file: String
  /// Why it cannot be read, as a phrase.
  package let reason: String

  /// A problem of a file.
  package init(file: String, reason: String) {
    self.file = file
    self.reason = reason
  }

  /// File and reason.
  package var description: String { "\(file): \(reason)" }

  /// Why a record could not be read, in words that fit records.
  static func reason(_ error: FileError, limit: Int) -> String {
    switch error.errno {
    case EINVAL, EISDIR: "not a regular file"
    case ELOOP: "a symbolic link; records must be files themselves"
    case EFBIG: "larger than the limit of \(limit) bytes"
    case EACCES, EPERM: "no permission to read it"
    default: "\(error.operation) failed: \(error.reason)"
    }
  }
}
