import Foundation
import Testing

/// The OpenAPI document against the server, by requests that schemathesis makes up.
@Suite(
  .enabled(
    if: Shell.python(with: "schemathesis") != nil, "schemathesis is not in .build/venv: ci/setup installs it")
)
struct SchemaFuzzTests {
  @Test func whatIsMadeUpFindsNothing() throws {
    let python = try #require(Shell.python(with: "schemathesis"))
    let served = try Served(prepare: { _ = try $0("dsl auto execute") })
    // Streams do not end, and 503 of a probe is an answer.
    let outcome = try served.shell(
      """
      '\(python)' -m schemathesis.cli run '\(served.url("/api/v1/openapi.json"))' --exclude-path-regex '^/(readyz|api/v1/events)$' \\
        -H 'Authorization: Bearer \(Served.secret)' --max-examples 5 --phases coverage,fuzzing --no-color --seed 1
      """)
    #expect(outcome.status == 0, "\(outcome.out.suffix(6000))\(outcome.err)")
    #expect(
      outcome.out.contains("No issues found") || outcome.out.contains("passed"), "\(outcome.out.suffix(600))")
    #expect(served.program.isRunning)
  }
}
