package import DSLBase

/// What a program of this machine prints.
package enum ProgramOutput {
  /// Bytes that are read at most.
  private static let limit = 16 << 20

  /// Runs a program to its end and gives its standard output.
  ///
  /// - Parameters:
  ///   - program: its name, found by `PATH`, and its arguments.
  ///   - timeout: seconds.
  /// - Throws: `unsupported` when it cannot be started, `timeout`, `io` when it fails or prints too much.
  package static func text(
    of program: [String], environment: [String: String], time: any TimeSource, timeout: Double = 30
  ) async throws(DSLError) -> String {
    let name = program.joined(separator: " ")
    var request = CommandRequest(
      command: name, environment: environment.map { "\($0.key)=\($0.value)" }.sorted(), input: [],
      outputBytes: limit, timeoutSeconds: timeout, graceSeconds: 1)
    request.program = program
    let running: RunningCommand
    do throws(DSLError) { running = try RunningCommand(request, time: time) } catch {
      throw DSLError(.unsupported, "\(name) cannot be run", cause: error.message)
    }
    let end = await running.end()
    let said = String(decoding: end.errors.isEmpty ? end.output.prefix(300) : end.errors[...], as: UTF8.self)
      .split(whereSeparator: \.isNewline).joined(separator: " ")
    switch end.cause {
    case .exit(0):
      guard end.outputTotal <= limit else { throw DSLError(.io, "\(name) prints more than \(limit) bytes") }
      return String(decoding: end.output, as: UTF8.self)
    case .exit(127):
      throw DSLError(.unsupported, "there is no program \(program[0])", cause: said.isEmpty ? nil : said)
    case .exit(let status):
      throw DSLError(.io, "\(name) ended with status \(status)", cause: said.isEmpty ? nil : said)
    case .signal(let number): throw DSLError(.io, "\(name) was ended by signal \(number)")
    case .timeout(let seconds): throw DSLError(.timeout, "\(name) took longer than \(Int(seconds)) s")
    case .notStarted(let reason): throw DSLError(.unsupported, "\(name) cannot be run", cause: reason)
    }
  }
}
