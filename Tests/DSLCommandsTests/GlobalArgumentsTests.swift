import Testing

@testable import DSLCommands

@Suite struct GlobalArgumentsTests {
  @Test(arguments: [
    ("--json auto status", "auto status --json"),
    ("auto status --json", "auto status --json"),
    ("--json -c here auto status", "auto status --json -c here"),
    ("--coord-dir=here --verbose auto loop -i 5", "auto loop -i 5 --coord-dir=here --verbose"),
    ("--json work add -- --json", "work add --json -- --json"),
    ("--json", "--json"),
    ("--json -c", "-c --json"),
    ("", ""),
  ])
  func globalOptionsMoveBehindTheCommand(given: String, expected: String) {
    let words = given.split(separator: " ").map(String.init)
    #expect(GlobalArguments.hoisted(words).joined(separator: " ") == expected)
  }

  @Test func theEnvelopeIsWantedOnlyBeforeTheTerminator() {
    #expect(GlobalArguments.wantsEnvelope(["auto", "--json"]))
    #expect(!GlobalArguments.wantsEnvelope(["work", "add", "--", "--json"]))
  }

  @Test(arguments: [
    ("gpu schedule -f a -f - --cluster c", "gpu schedule --manifests a --manifests - --cluster c"),
    ("gpu explain chat -f pools.yaml -f json", "gpu explain chat --manifests pools.yaml -f json"),
    ("gpu nodes -f pools.yaml", "gpu nodes -f pools.yaml"), ("gpu schedule -f", "gpu schedule -f"),
    ("gpu explain chat -- -f pools.yaml", "gpu explain chat -- -f pools.yaml"),
  ])
  func manifestsAreGivenAsToKubectl(given: String, expected: String) {
    let words = given.split(separator: " ").map(String.init)
    #expect(GlobalArguments.withManifests(words).joined(separator: " ") == expected)
  }
}
