import ArgumentParser
import DSLBase

/// The numbers that a command can end with: the one table, documented in `docs/cli.md`.
///
/// 64 and above follow `sysexits.h` where it has a fitting word.
enum ExitStatus: Int32, CaseIterable {
  /// Done. The fleet may be in any state.
  case success = 0
  /// A gate that was asked for did not hold: `--fail-below`, `--exit-code` on a degraded fleet; or a part of a batch
  /// was refused.
  case gateFailed = 1
  /// `--exit-code` on a critical fleet.
  case critical = 2
  /// The engine is blind: the state of the fleet is unknown.
  case unknownState = 3
  /// What was named does not exist.
  case notFound = 4
  /// The world is no longer what the caller saw: a lost claim, a changed record, an id that is taken.
  case conflict = 5
  /// The operation makes no sense in the present state.
  case invalidState = 6
  /// The command line was not understood (`EX_USAGE`).
  case usage = 64
  /// A file, record or setting says something that it may not say (`EX_DATAERR`).
  case invalidInput = 65
  /// This backend or build cannot do that (`EX_UNAVAILABLE`).
  case unsupported = 69
  /// A defect of this program (`EX_SOFTWARE`).
  case internalError = 70
  /// A file of the engine itself cannot be read back (`EX_OSFILE`).
  case corrupt = 72
  /// The operating system refused: permission, space, I/O (`EX_IOERR`).
  case io = 74
  /// Somebody else holds the lock; trying again later may help (`EX_TEMPFAIL`).
  case locked = 75
  /// It took longer than allowed, as `timeout(1)` says it.
  case timeout = 124
  /// Stopped on request, as a shell says it of SIGINT.
  case cancelled = 130

  /// The status for an error's code; unknown codes are defects.
  init(_ code: DSLError.Code) { self = Self.table.first { $0.code == code }?.status ?? .internalError }

  private static let table: [(code: DSLError.Code, status: ExitStatus)] = [
    (.invalidInput, .invalidInput), (.notFound, .notFound), (.conflict, .conflict), (.locked, .locked),
    (.superseded, .locked),
    (.invalidState, .invalidState), (.corrupt, .corrupt), (.io, .io), (.gone, .io),
    (.unknownState, .unknownState),
    (.unsupported, .unsupported), (.timeout, .timeout), (.cancelled, .cancelled),
    (.internalError, .internalError),
  ]
}
