import Coordination
import DSLBase
import Foundation
import Glibc
import Testing

/// The examples for cron and Kubernetes: their commands are run as they stand there, in a directory of the test's.
@Suite(.serialized) final class DeploymentExampleTests {
  private let shell: Shell

  init() throws { shell = try Shell() }

  deinit { shell.endProcesses() }

  /// The lines of a crontab: its variables, and its commands with what stands before them.
  private func crontab(_ path: String, fields: Int) throws -> (
    variables: [String: String], lines: [(schedule: [String], command: String)]
  ) {
    let text = try String(contentsOf: Shell.root.appendingPathComponent(path), encoding: .utf8)
    var variables: [String: String] = [:]
    var lines: [(schedule: [String], command: String)] = []
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      // cron takes a bare % for the end of the command.
      #expect(!line.contains("%"), "\(line)")
      let parts = line.split(separator: " ", maxSplits: fields, omittingEmptySubsequences: true).map(
        String.init)
      if let sign = line.firstIndex(of: "="), line[..<sign].allSatisfy({ $0.isLetter || $0 == "_" }) {
        variables[String(line[..<sign])] = String(line[line.index(after: sign)...])
      } else {
        try #require(parts.count == fields + 1, "\(line)")
        lines.append((Array(parts.dropLast()), parts[fields]))
      }
    }
    return (variables, lines)
  }

  private func isSchedule(_ fields: [String]) -> Bool {
    fields.count == 5
      && fields.allSatisfy { $0.wholeMatch(of: /(\*(\/[1-9][0-9]?)?|[0-9]{1,2})(,([0-9]{1,2}))*/) != nil }
  }

  /// A command with the places of a real machine replaced by ones of the test's.
  private func placed(_ command: String) -> String {
    command.replacing("/usr/local/bin/dsl", with: "dsl").replacing("/var/log/dsl/", with: "log/")
      .replacing("/var/log/", with: "log/").replacing("/srv/coordination", with: "coordination")
  }

  @Test func cronRunsATurnAndGivesWayToAnotherEngine() throws {
    try shell.makeQueue("gates: {cooldown: {up: 0s, down: 0s, other: 0s}}\n", items: 3)
    try shell("mkdir log")
    let (variables, lines) = try crontab("examples/cron/dsl", fields: 6)
    #expect(variables == ["SHELL": "/bin/sh", "COORDINATION_DIR": "/srv/coordination"])
    let line = try #require(lines.first)
    #expect(lines.count == 1 && isSchedule(Array(line.schedule.prefix(5))) && line.schedule.last == "dsl")
    let environment = variables.mapValues(placed)
    let once = try shell(placed(line.command), environment)
    #expect(once.status == 0 && once.out.isEmpty && once.err.isEmpty, "\(once)")
    #expect(try shell("jq -r .command log/execute.json").out == "auto-execute\n")
    #expect(try shell("dsl auto history --cycles --format json | jq '.cycles | length'").out == "1\n")
    let loop = try Program(shell, "exec dsl auto loop --interval 60 --format json")
    try #require(Moment.wait { loop.objects.count == 1 }, "\(loop.err)")
    #expect(try shell(placed(line.command), environment).status == 0, "75 is no failure")
    #expect(try shell("jq -s -c 'map(.success)' log/execute.json").out == "[true,false]\n")
  }

  @Test func theWorkersCrontabRuns() throws {
    try shell.makeQueue(items: 3)
    try shell("mkdir log")
    let (variables, lines) = try crontab("examples/workers/crontab", fields: 5)
    #expect(variables.isEmpty && lines.count == 2)
    for line in lines {
      #expect(isSchedule(line.schedule), "\(line)")
      let outcome = try shell(placed(line.command))
      #expect(outcome.status == 0, "\(line): \(outcome.err)")
    }
    #expect(try shell("jq -r .command log/dsl.json").out == "auto-execute\n")
  }

  @Test func theDeploymentLeadsProbesAndEndsInTime() throws {
    let path = "examples/kubernetes/dsl-auto.yaml"
    let text = try String(contentsOf: Shell.root.appendingPathComponent(path), encoding: .utf8)
    let deployment = try #require(try YAMLNode.document(in: text, file: path)?.json)
    #expect(deployment["apiVersion"] == "apps/v1" && deployment["kind"] == "Deployment")
    let spec = try #require(deployment["spec"])
    let template = try #require(spec["template"])
    #expect(spec["selector"]?["matchLabels"] == template["metadata"]?["labels"])
    #expect(template["metadata"]?["labels"] != nil)
    let pod = try #require(template["spec"])
    let container = try #require(pod["containers"]?.array?.first)
    // What is mounted is what is worked on, and what is mounted is a volume.
    let mount = try #require(container["volumeMounts"]?.array?.first)
    let variable = try #require(container["env"]?.array?.first)
    #expect(variable["name"] == "COORDINATION_DIR" && variable["value"] == mount["mountPath"])
    #expect(pod["volumes"]?.array?.first?["name"] == mount["name"])
    let environment = ["COORDINATION_DIR": "coordination"]
    func words(_ command: JSONValue?) throws -> String {
      let words = (command?.array ?? []).compactMap(\.string)
      #expect(words.first == "/usr/local/bin/dsl" && words.count == command?.array?.count)
      return "dsl " + words.dropFirst().joined(separator: " ")
    }
    try shell.makeQueue(items: 3)
    let engines = try (0..<(spec["replicas"]?.int ?? 0)).map { _ in
      try Program(shell, "exec " + words(container["command"]), environment)
    }
    try #require(engines.count == 2)
    try #require(
      Moment.wait { engines.contains { !$0.objects.isEmpty } }, "\(engines.map(\.err))")
    let probe = try shell(try words(container["livenessProbe"]?["exec"]?["command"]), environment)
    #expect(probe.status == 0, "\(probe)")
    let leader = try shell("dsl --json auto status | jq .data.leader.pid").out
    #expect(engines.map { "\($0.pid)\n" }.contains(leader))
    let grace = try #require(pod["terminationGracePeriodSeconds"]?.int)
    let bound = try shell(
      "dsl config show --format json | jq -r '.. | objects | select(.key? == \"loop.stop_timeout\") | .value'"
    ).out
    let seconds = try #require(Double(bound.trimmingCharacters(in: .whitespacesAndNewlines)), "\(bound)")
    #expect(seconds < Double(grace))
    for engine in engines { engine.signal(SIGTERM) }
    for engine in engines { #expect(try engine.end(within: Double(grace)) == 0, "\(engine.err)") }
  }
}
