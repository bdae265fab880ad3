/// A process that can be told from any other that ever had its number.
package struct ProcessIdentity: Sendable, Hashable {
  /// The process id.
  package let pid: Int32
  /// When it started, in clock ticks since the machine booted (field 22 of /proc/PID/stat).
  package let startTicks: UInt64
  /// The boot it belongs to (/proc/sys/kernel/random/boot_id).
  package let bootID: String

  package init(pid: Int32, startTicks: UInt64, bootID: String) {
    self.pid = pid
    self.startTicks = startTicks
    self.bootID = bootID
  }
}

/// What to start.
package struct ProcessRequest: Sendable, Equatable {
  /// A command line for `/bin/sh -c`.
  package var command: String
  /// Added to this process' own environment.
  package var environment: [(String, String)]
  /// Standard output and standard error are appended here.
  package var log: String

  package init(command: String, environment: [(String, String)], log: String) {
    self.command = command
    self.environment = environment
    self.log = log
  }

  package static func == (lhs: Self, rhs: Self) -> Bool {
    lhs.command == rhs.command && lhs.log == rhs.log
      && lhs.environment.elementsEqual(rhs.environment) { $0 == $1 }
  }
}

/// The seam to the operating system's processes, for agents that outlive the engine that started them.
package protocol ProcessControl: Sendable {
  /// Starts a command in a session of its own, so that it lives on when this process ends.
  ///
  /// - Throws: `DSLError` `.io` when the operating system refuses.
  func start(_ request: ProcessRequest) throws -> ProcessIdentity
  /// Whether exactly this process is running. A zombie is not.
  func isRunning(_ process: ProcessIdentity) -> Bool
  /// Sends a signal to exactly this process; does nothing when it is gone.
  func signal(_ process: ProcessIdentity, _ signal: Int32)
  /// Runs a short command to its end, output discarded, and returns its exit status; `nil` when it took longer than
  /// `timeout` seconds and was killed.
  func run(_ command: String, environment: [(String, String)], timeout: Double) throws -> Int32?
}
