import Foundation
import Testing

/// What the binary really prints, held against the published schemas.
@Suite(
  .enabled(
    if: Shell.python(with: "jsonschema") != nil, "jsonschema is not in .build/venv: ci/setup installs it"))
struct SchemaTests {
  /// Reads envelopes from stdin, one after another. With a schema and a command each has to be that command's and to
  /// hold a payload that is valid; with `-` each has to be a failure; with `document` they are no envelopes, but
  /// documents of the schema. Prints how many there were.
  private static let validator = """
    import json, pathlib, sys
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource
    folder, schema, command = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    schemas = {p.name: json.loads(p.read_text()) for p in folder.glob("*.json")}
    registry = Registry().with_resources([(n, Resource.from_contents(s)) for n, s in schemas.items()])
    def check(name, value):
        Draft202012Validator.check_schema(schemas[name])
        for error in Draft202012Validator(schemas[name], registry=registry).iter_errors(value):
            sys.exit(f"{name} {list(error.absolute_path)} {error.message}")
    text, count = sys.stdin.read().lstrip(), 0
    while text:
        value, end = json.JSONDecoder().raw_decode(text)
        text, count = text[end:].lstrip(), count + 1
        if command == "document":
            check(schema, value)
            continue
        check("envelope.schema.json", value)
        if schema == "-":
            if value["success"]: sys.exit("is a success")
            continue
        if value["command"] != command: sys.exit("is of " + value["command"])
        if value["data"] == {}: sys.exit(f"has no payload: {value['errors']}")
        check(schema, value["data"])
    print(count)
    """

  private func validate(
    _ output: String, count: Int, schema: String = "-", command: String = "-", in shell: Shell
  ) throws {
    let python = try #require(Shell.python(with: "jsonschema"))
    try shell.write("validate.py", Array(Self.validator.utf8))
    let folder = Shell.root.appendingPathComponent("docs/schemas").path
    let outcome = try shell("'\(python)' validate.py '\(folder)' \(schema) \(command)", input: output)
    #expect(outcome.status == 0 && outcome.out == "\(count)\n", "\(outcome.out)\(outcome.err)\n\(output)")
  }

  @Test(arguments: SchemaPayloads.all)
  func payload(_ payload: SchemaPayloads.Payload) throws {
    let shell = try Shell()
    try shell.copySample()
    try validate(
      try shell(payload.script).out, count: payload.count,
      schema: SchemaPayloads.schema(of: payload.command), command: payload.command, in: shell)
  }

  @Test func tracesOfFindings() throws {
    let shell = try Shell()
    let script = "dsl policy check dslmodel --traces t > out; cat t/*.json; ls t | wc -l >&2"
    let outcome = try shell(script)
    #expect(outcome.err == "4\n")
    try validate(outcome.out, count: 4, schema: "policy-trace.schema.json", command: "document", in: shell)
  }

  @Test func tracesOfClustersAndTheClusterItself() throws {
    let shell = try Shell()
    try shell.copySample()
    let script = """
      dsl policy check --backend sim --episodes 2 dslmodel --traces faults > /dev/null
      ls faults | wc -l >&2; cat faults/*
      """
    let outcome = try shell(script)
    let count = try #require(Int(outcome.err.trimmingCharacters(in: .whitespacesAndNewlines)))
    #expect(count > 1)
    try validate(
      outcome.out, count: count, schema: "cluster-trace.schema.json", command: "document", in: shell)
    // At the start of an episode, amid one, and after one that ended.
    let cluster = try shell(
      """
      for cycles in 1 9 60; do
        dsl auto loop --backend sim --interval 10ms --max-cycles $cycles --set sim.config=leaky.json > /dev/null
        cat coordination/.dsl/sim/cluster.json
      done
      """.replacingOccurrences(of: "leaky.json", with: "'\(try leaky(shell))'"))
    #expect(cluster.out.contains(/"critical_oom":[1-9]/), "an episode ended: \(cluster)")
    try validate(cluster.out, count: 3, schema: "saved-cluster.schema.json", command: "document", in: shell)
  }

  /// Constants under which a cluster soon fails.
  private func leaky(_ shell: Shell) throws -> String {
    try shell.write("coordination/leaky.json", Array(#"{"leak": 0.005, "leaker_factor": 1}"#.utf8))
    return "leaky.json"
  }

  @Test(arguments: [
    "frobnicate", "auto show d-none", "work add 5", "work show none", "policy show none",
    "telemetry security-report -c nowhere",
  ])
  func failure(command: String) throws {
    let shell = try Shell()
    try shell.copySample()
    try validate(try shell("dsl --json \(command)").out, count: 1, in: shell)
  }
}

/// Every command that reports has a schema, and every schema a command.
@Suite struct SchemaCoverageTests {
  /// The names in the sources, each a `static let reportName = "..."`.
  private static func reportNames() throws -> Set<String> {
    let folder = Shell.root.appendingPathComponent("Sources/DSLCommands")
    let declaration = /static let reportName = "([^"]*)"/
    var names: Set<String> = []
    for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path)
    where path.hasSuffix(".swift") {
      let text = try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
      for match in text.matches(of: declaration) { names.insert(String(match.1)) }
    }
    return names
  }

  private static func schemas() throws -> Set<String> {
    let folder = Shell.root.appendingPathComponent("docs/schemas")
    let suffix = ".schema.json"
    return Set(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(suffix) }
        .map { String($0.dropLast(suffix.count)) })
  }

  @Test func everyReportHasASchemaThatItIsHeldAgainst() throws {
    let names = try Self.reportNames()
    #expect(names.contains("auto-status") && names.contains("init"), "the declarations are found")
    let described = try Self.schemas()
    let without = names.filter { !described.contains(SchemaPayloads.aliases[$0] ?? $0) }
    #expect(without.isEmpty, "no schema in docs/schemas: \(without.sorted())")
    let held = Set(SchemaPayloads.all.map(\.command))
    #expect(names == held, "not held against a schema: \(names.symmetricDifference(held).sorted())")
  }

  @Test func everySchemaIsOfACommandOrExplained() throws {
    let names = try Self.reportNames()
    let orphans = try Self.schemas().subtracting(names).subtracting(SchemaPayloads.shared)
    #expect(orphans.isEmpty, "no command reports \(orphans.sorted())")
    let manual = try String(
      contentsOf: Shell.root.appendingPathComponent("docs/cli.md"), encoding: .utf8)
    let untold = SchemaPayloads.shared.union(SchemaPayloads.aliases.keys).filter {
      !manual.contains("`\($0)`")
    }
    #expect(untold.isEmpty, "docs/cli.md does not tell of \(untold.sorted())")
  }
}
