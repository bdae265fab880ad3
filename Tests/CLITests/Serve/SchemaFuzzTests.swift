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
      '\(python)' -m schemathesis.cli run '\(served.url("/api/v1/openapi.json"))' --exclude-path-regex '^/(readyz|api/v1/events|v1/.*)$' \\
        -H 'Authorization: Bearer \(Served.secret)' --max-examples 5 --phases coverage,fuzzing --no-color --seed 1
      """)
    #expect(outcome.status == 0, "\(outcome.out.suffix(6000))\(outcome.err)")
    #expect(
      outcome.out.contains("No issues found") || outcome.out.contains("passed"), "\(outcome.out.suffix(600))")
    #expect(served.program.isRunning)
  }

  /// What the schema allows is taken. What it does not allow may stand beside what it does: then OTLP asks for 200 and a
  /// count of what was refused, so that only requests that are right are made up here; `bad.py` sends the wrong ones.
  @Test func telemetryThatIsMadeUpIsTaken() throws {
    let python = try #require(Shell.python(with: "schemathesis"))
    let served = try Served()
    let outcome = try served.shell(
      """
      '\(python)' -m schemathesis.cli run '\(served.url("/api/v1/openapi.json"))' --include-path-regex '^/v1/' \\
        --max-examples 10 --mode positive --phases fuzzing \\
        --no-color --seed 1
      """)
    #expect(outcome.status == 0, "\(outcome.out.suffix(6000))\(outcome.err)")
    #expect(outcome.out.contains("passed"), "\(outcome.out.suffix(600))")
    let records = try served.shell(
      "dsl telemetry query --signal logs --limit 1000 --format jsonl | wc -l")
    #expect(Int(records.out.dropLast()) ?? 0 > 0, "\(records)")
  }
}
