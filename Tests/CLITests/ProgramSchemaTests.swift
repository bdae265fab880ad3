import Foundation
import Testing

/// What programs are really asked, and what the examples answer, held against the published schemas.
@Suite(
  .enabled(
    if: Shell.python(with: "jsonschema") != nil && Shell.has("jq"),
    "jsonschema is not in .build/venv (ci/setup installs it), or there is no jq"))
struct ProgramSchemaTests {
  /// Checks every line of files against definitions of schemas, given as `file=reference`; prints how many lines each has.
  private static let validator = """
    import json, pathlib, sys
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource
    folder = pathlib.Path(sys.argv[1])
    schemas = {p.name: json.loads(p.read_text()) for p in folder.glob("*.json")}
    registry = Registry().with_resources([(n, Resource.from_contents(s)) for n, s in schemas.items()])
    for pair in sys.argv[2:]:
        name, reference = pair.split("=")
        Draft202012Validator.check_schema(schemas[reference.split("#")[0]])
        lines = open(name).read().splitlines()
        for line in lines:
            for error in Draft202012Validator({"$ref": reference}, registry=registry).iter_errors(json.loads(line)):
                sys.exit(f"{name} {list(error.absolute_path)} {error.message}: {line}")
        print(name, len(lines))
    """

  @Test func realQuestionsAndAnswersAreValid() throws {
    let shell = try Shell()
    try shell.copySample()
    try shell.write("validate.py", Data(Self.validator.utf8))
    let examples = Shell.root.appendingPathComponent("examples/strategies").path
    // A program that notes question and answer of another, a line each.
    try shell.write(
      "coordination/tap.sh",
      Data(
        """
        #!/bin/sh
        role=$1; shift
        cat > question; jq -c . question >> "$role.question"
        "$@" < question > answer || exit 1
        jq -c . answer >> "$role.answer"
        cat answer
        """.utf8))
    try shell("chmod +x coordination/tap.sh")
    try shell.write(
      "coordination/dsl.yaml",
      Data(
        """
        programs:
          strategies:
            - {name: heavy-queue, command: [./tap.sh, strategy, '\(examples)/heavy_queue.py']}
          score: {command: [./tap.sh, score, /bin/echo, '{"dsl":"score/v1","score":0.25,"reason":"r"}'], weight: 0.5}
          handlers:
            - {type: emergency_scale, command: [./tap.sh, handler, '\(examples)/emergency_scale.sh', handle]}
        notify:
          - {name: me, kind: command, command: [./tap.sh, notify, /bin/echo, '{"dsl":"notify/v1"}']}
          - {name: log, kind: file, path: incidents.jsonl}
        incidents: {cycles: 1}
        policy: emergency.yaml
        """.utf8))
    try shell.write(
      "coordination/emergency.yaml",
      Data(
        """
        name: emergency
        rules:
          - name: help
            type: emergency_scale
            priority: 10
            confidence: 0.9
            when: {work_queue_size: {gt: 5}}
            parameters: {queue: = work_queue_size}
            description: call for help
            rationale: "{work_queue_size} items"
        """.utf8))
    let done = try shell("dsl auto execute --max 1 && dsl auto rollback --last 1")
    #expect(done.status == 0 && done.err.isEmpty, "\(done.out)\(done.err)")
    let python = try #require(Shell.python(with: "jsonschema"))
    let folder = Shell.root.appendingPathComponent("docs/schemas").path
    let files = [
      ("strategy.question", "program-strategy", "question", 1),
      ("strategy.answer", "program-strategy", "answer", 1),
      ("score.question", "program-score", "question", 2), ("score.answer", "program-score", "answer", 2),
      ("handler.question", "program-handler", "question", 3),
      ("handler.answer", "program-handler", "answer", 3),
      ("notify.question", "program-notify", "question", 1), ("notify.answer", "program-notify", "answer", 1),
      ("incidents.jsonl", "program-notify", "event", 1),
    ]
    let pairs = files.map { "'\($0.0)=\($0.1).schema.json#/$defs/\($0.2)'" }.joined(separator: " ")
    let outcome = try shell("cd coordination && '\(python)' ../validate.py '\(folder)' \(pairs)")
    #expect(outcome.out == files.map { "\($0.0) \($0.3)\n" }.joined(), "\(outcome.err)")
  }
}
