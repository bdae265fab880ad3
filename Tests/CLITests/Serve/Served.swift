import Foundation
import Testing

/// A server of the built binary over a shell's directory, on a port that the system chose.
final class Served {
  static let secret = "a-token-for-tests-0123"

  let shell: Shell
  let program: Program
  let port: Int
  private let scheme: String

  /// - Parameters:
  ///   - arguments: of `dsl serve` beside the address.
  ///   - prepare: puts something into the directory first.
  init(
    _ arguments: String = "", tls: Bool = false, sample: Bool = true,
    prepare: (Shell) throws -> Void = { _ in }
  ) throws {
    shell = try Shell()
    if sample { try shell.copySample() }
    try shell.write("token", Array((Self.secret + "\n").utf8))
    try prepare(shell)
    program = try Program(
      shell, "exec dsl --json serve --listen 127.0.0.1:0 --token-file token \(arguments)")
    let program = program
    try #require(Moment.wait { !program.objects.isEmpty }, "it listens: \(program.err)")
    let data = try #require(program.objects.first?["data"] as? [String: Any])
    port = try #require(data["port"] as? Int)
    scheme = tls ? "https" : "http"
  }

  func url(_ path: String) -> String { "\(scheme)://127.0.0.1:\(port)\(path)" }

  /// The status of a request that curl makes, and its body.
  func curl(_ path: String, _ options: String = "") throws -> (status: Int, body: String) {
    let outcome = try shell(
      "curl -s -m 90 -o body -w '%{http_code}' \(options) '\(url(path))'; cat body; rm -f body")
    return (Int(outcome.out.prefix(3)) ?? -1, String(outcome.out.dropFirst(3)))
  }

  /// An answer as JSON.
  func json(_ path: String, _ options: String = "") throws -> [String: Any] {
    let body = try curl(path, options).body
    return try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any], "\(body)")
  }

  static let bearer = "-H 'Authorization: Bearer \(secret)'"
  static func post(_ body: String, _ more: String = "") -> String {
    "-X POST -H 'Content-Type: application/json' -d '\(body)' \(more)"
  }

  /// Runs a client of the folder `Clients`.
  func client(_ name: String, _ arguments: String = "", python: String = "python3") throws -> Outcome {
    let script = Shell.root.appendingPathComponent("Tests/CLITests/Serve/Clients/\(name)").path
    return try shell("'\(python)' '\(script)' \(port) \(arguments)")
  }
}
