import Coordination
import DSLBase

extension CommandEnd {
  /// What the command printed, as the result of its item: JSON when it is JSON, else text; nothing is `null`.
  ///
  /// Output beyond the limit was not kept: then the result is `{"text", "truncated": true, "bytes"}`.
  var result: JSONValue {
    if outputTotal > output.count {
      return ["text": .string(text), "truncated": true, "bytes": .int(outputTotal)]
    }
    if let json = try? JSONParser.parse(output) { return json }
    return output.isEmpty ? .null : .string(text)
  }

  /// Output as text without its last line feed; what is not UTF-8 is replaced, so is a character that was cut
  /// in two.
  private var text: String {
    String(decoding: output.last == 0x0A ? output.dropLast() : output[...], as: UTF8.self)
  }

  /// Why the item is not done, with what the command said last.
  var failure: String {
    let said = String(decoding: errors, as: UTF8.self).split(separator: "\n").joined(separator: "\n")
    return reason + (said.isEmpty ? "" : ": " + said)
  }

  private var reason: String {
    switch cause {
    case .exit(let status): "exit status \(status)"
    case .signal(let signal): "killed by signal \(signal)"
    case .timeout(let seconds): "took longer than \(seconds) s"
    case .notStarted(let why): why
    }
  }

  /// The exit status, if the command exited by itself.
  var exitStatus: Int32? { if case .exit(let status) = cause { status } else { nil } }

  /// The word for the kind of failure in spans.
  var errorType: String {
    switch cause {
    case .exit: "exit_status"
    case .signal: "signal"
    case .timeout: "timeout"
    case .notStarted: "not_started"
    }
  }
}
