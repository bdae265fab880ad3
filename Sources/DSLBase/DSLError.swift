/// The one error type that crosses target boundaries: what went wrong, why, and what to do about it.
public struct DSLError: Error, Sendable, CustomStringConvertible {
  /// A stable word for the kind of error. Exit status and HTTP status are looked up by it; nothing matches on messages.
  public struct Code: Sendable, Hashable, RawRepresentable, CustomStringConvertible {
    /// The word, in snake case, as it appears in JSON.
    public let rawValue: String
    /// A code of that word.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The word.
    public var description: String { rawValue }

    /// An argument, file or record says something it may not say.
    public static let invalidInput = Code(rawValue: "invalid_input")
    /// The thing named does not exist.
    public static let notFound = Code(rawValue: "not_found")
    /// The thing exists, but the world is no longer what the caller saw: a lost claim, a changed record.
    public static let conflict = Code(rawValue: "conflict")
    /// Somebody else holds the lock.
    public static let locked = Code(rawValue: "locked")
    /// This engine led, and another leads by now: what it wanted to change is left to that one.
    public static let superseded = Code(rawValue: "superseded")
    /// The operation makes no sense in the present state.
    public static let invalidState = Code(rawValue: "invalid_state")
    /// A file of ours cannot be read back.
    public static let corrupt = Code(rawValue: "corrupt")
    /// The operating system refused: permission, space, I/O.
    public static let io = Code(rawValue: "io_error")
    /// A file or directory that was open is no longer at its place.
    public static let gone = Code(rawValue: "gone")
    /// The engine is blind: it has nothing to base a decision on.
    public static let unknownState = Code(rawValue: "unknown_state")
    /// This backend or build cannot do that.
    public static let unsupported = Code(rawValue: "unsupported")
    /// It took longer than allowed.
    public static let timeout = Code(rawValue: "timeout")
    /// Stopped on request.
    public static let cancelled = Code(rawValue: "cancelled")
    /// A defect of this program.
    public static let internalError = Code(rawValue: "internal_error")
  }

  /// The kind.
  public let code: Code
  /// What went wrong, naming the file, field or id. One sentence, no full stop needed.
  public let message: String
  /// What lay beneath, if anything.
  public let cause: String?
  /// What the reader can do about it.
  public let fix: String?

  /// An error with a code and a message; give a `fix` whenever there is one.
  public init(_ code: Code, _ message: String, cause: String? = nil, fix: String? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
    self.fix = fix
  }

  /// Message, cause and fix in one line.
  public var description: String {
    message + (cause.map { ": \($0)" } ?? "") + (fix.map { " (\($0))" } ?? "")
  }
}
