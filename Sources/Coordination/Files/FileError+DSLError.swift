package import DSLBase
import Glibc

extension FileError {
  /// The error as users see it: what failed, on which file, and what to do about it.
  package var asDSLError: DSLError {
    let shown = FileName.shown(path)
    switch errno {
    case ENOENT: return DSLError(.notFound, "\(shown) does not exist", cause: cause, fix: "check the path")
    case EEXIST: return DSLError(.conflict, "\(shown) already exists", cause: cause)
    default: return DSLError(.io, "cannot \(verb) \(shown)", cause: cause, fix: fix)
    }
  }

  private var cause: String { "\(operation): \(reason)" }

  private var verb: String {
    switch operation {
    case "open", "read", "fstat", "fstatat", "lstat", "getdents64": "read"
    case "rename", "renameat2": "rename"
    case "unlink": "remove"
    case "mkdir": "create"
    case "flock": "lock"
    default: "write"
    }
  }

  private var fix: String? {
    switch errno {
    case ENOSPC, EDQUOT: "free space on the file system or raise the quota, then try again; nothing was lost"
    case EROFS: "the file system is mounted read-only; mount it writable or use another directory"
    case EACCES, EPERM: "give this user permission for it, or run as the user that owns it"
    case EMFILE, ENFILE: "raise the limit of open files (ulimit -n)"
    case EIO: "the storage reported an error; check the disk before going on"
    case EFBIG: "it is larger than the limit for a record"
    case ELOOP: "it is a symbolic link; put the file itself there"
    case ENOTDIR: "a part of the path is not a directory"
    case ENAMETOOLONG: "use a shorter name"
    default: nil
    }
  }
}
