import Foundation
import Testing

/// What the binary really prints, held against the published schemas.
@Suite(
  .enabled(
    if: Shell.python(with: "jsonschema") != nil, "jsonschema is not in .build/venv: ci/setup installs it"))
struct SchemaTests {
  private static let validator = """
    import json, pathlib, sys
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource
    folder = pathlib.Path(sys.argv[1])
    schemas = {p.name: json.loads(p.read_text()) for p in folder.glob("*.json")}
    registry = Registry().with_resources([(n, Resource.from_contents(s)) for n, s in schemas.items()])
    def check(name, value):
        Draft202012Validator.check_schema(schemas[name])
        for error in Draft202012Validator(schemas[name], registry=registry).iter_errors(value):
            print(name, list(error.absolute_path), error.message); sys.exit(1)
    for line in sys.stdin.read().split("\\x1e"):
        if not line.strip(): continue
        value = json.loads(line)
        check("envelope.schema.json", value)
        if value["success"] and sys.argv[2] != "-": check(sys.argv[2], value["data"])
        print("valid")
    """

  private func validate(_ schema: String, _ output: String) throws {
    let shell = try Shell()
    let python = try #require(Shell.python(with: "jsonschema"))
    try shell.write("validate.py", Array(Self.validator.utf8))
    let outcome = try shell(
      "\(python) validate.py \(Shell.root.appendingPathComponent("docs/schemas").path) \(schema)",
      input: output)
    #expect(outcome.status == 0 && outcome.out.hasPrefix("valid"), "\(outcome.out)\(outcome.err)\n\(output)")
  }

  private static let outputs: [(String, String)] = [
    ("auto status", "auto-status.schema.json"), ("auto status -c nowhere", "auto-status.schema.json"),
    ("auto analyze", "auto-analyze.schema.json"), ("auto execute --dry-run", "cycle.schema.json"),
    ("auto execute", "cycle.schema.json"), ("auto loop --max-cycles 1", "cycle.schema.json"),
    ("auto history", "auto-history.schema.json"), ("auto history --cycles", "auto-history.schema.json"),
    ("work claim -n 2 --agent a", "work-claim.schema.json"), ("work list", "work-list.schema.json"),
    ("config show", "config-show.schema.json"), ("frobnicate", "-"), ("auto show d-none", "-"),
    ("telemetry status", "telemetry-status.schema.json"),
    ("telemetry status -c nowhere", "telemetry-status.schema.json"),
    ("telemetry remediation-history", "remediation-history.schema.json"),
    ("telemetry security-report", "security-report.schema.json"),
    ("telemetry security-report -c nowhere", "-"),
    ("work add 5", "-"), ("agent list", "-"), ("policy show dslmodel", "-"),
  ]

  @Test(arguments: outputs)
  func output(command: String, schema: String) throws {
    let shell = try Shell()
    try shell.copySample()
    try validate(schema, try shell("dsl --json \(command)").out)
    // Once more with a history behind it.
    try shell("dsl auto execute")
    try validate(schema, try shell("dsl --json \(command)").out)
  }
}
