import DSLBase
import Foundation
import Testing

/// `dsl sim` from outside.
@Suite struct SimTests {
  /// Six episodes of the random policy; most fail.
  static let crashes =
    "dsl sim run --policy random --episodes 6 --black-boxes crashes --format json > run.json\n"

  @Test func anotherProcessPlaysTheSame() throws {
    let shell = try Shell()
    let call = "dsl sim run --policy random --policy oracle --episodes 3 --seed 5 --size 5x7 --format json"
    #expect(try shell("\(call) > a; \(call) > b; cmp a b; jq -e '.episodes | length == 6' a").status == 0)
    // One by one from their keys they come out as together.
    let one = try shell(
      """
      for key in $(jq -r '.episodes[].key' a | sort -u); do
        dsl sim run --policy random --policy oracle --key $key --size 5x7 --format json | jq -c '.episodes[]'
      done | sort > c; jq -c '.episodes[]' a | sort | cmp - c; sort -u c | wc -l
      """)
    #expect(one.out == "6\n" && one.status == 0, "\(one)")
  }

  @Test func failuresAreWrittenAndReplayed() throws {
    let shell = try Shell()
    let outcome = try shell(Self.crashes + "dsl sim replay crashes --curve 100 --format json")
    #expect(outcome.status == 0 && outcome.err.isEmpty, "\(outcome.err)")
    let run = try shell("cat run.json").json()
    let episodes = try #require(run["episodes"] as? [[String: Any]])
    var files: [String] = []
    for episode in episodes {
      let failed = episode["cause"] as? String != "time_limit" || episode["ooms"] as? Int ?? 0 > 0
      #expect((episode["black_box"] as? String != nil) == failed)
      files += [episode["black_box"] as? String].compactMap { $0 }
      let actions = try #require(episode["actions"] as? [Int])
      #expect(actions.count == 8 && actions.reduce(0, +) == episode["steps"] as? Int)
    }
    let data = try outcome.json()
    let replays = try #require(data["replays"] as? [[String: Any]])
    #expect(data["diverged"] as? Int == 0 && replays.count == files.count && files.count >= 3)
    #expect(Set(replays.compactMap { $0["file"] as? String }) == Set(files))
    for replay in replays {
      let curve = try #require(replay["curve"] as? [[String: Any]])
      #expect(curve.last?["step"] as? Int == replay["steps"] as? Int)
    }
  }

  /// A file whose digest is right and whose actions are not: as if the episode had gone otherwise on another machine.
  @Test func replayEndsWithOneWhereAStateDiffers() throws {
    let shell = try Shell()
    try shell(Self.crashes + "mv $(ls crashes/* | head -1) box.json")
    try Self.forge(in: shell) { object in
      var actions = Array(object["actions"]?.string ?? "")
      actions[40] = actions[40] == "6" ? "0" : "6"
      object["actions"] = .string(String(actions))
    }
    let outcome = try shell("dsl sim replay forged.json box.json --format json")
    #expect(outcome.status == 1)
    let replays = try #require(try outcome.json()["replays"] as? [[String: Any]])
    #expect(replays[0]["same"] as? Bool == false && replays[0]["diverged_at"] as? Int == 41)
    #expect(replays[1]["same"] as? Bool == true)
    try Self.forge(in: shell) { $0["cause"] = .string($0["cause"]?.string == "panic" ? "collapse" : "panic") }
    let told = try shell("dsl sim replay forged.json --format json")
    #expect(told.status == 1)
    #expect((try told.json()["replays"] as? [[String: Any]])?[0]["mistold"] as? String == "cause")
    for call in ["explain forged.json", "whatif forged.json --at 1", "export forged.json --to a.svg"] {
      let outcome = try shell("dsl sim \(call)")
      #expect(outcome.status == 72 && outcome.err.contains("forged.json does not tell what its actions did"))
    }
    let kinds = try shell("dsl sim cluster forged.json box.json --format json")
    let read = try kinds.json()["files"] as? Int
    #expect(kinds.status == 1 && read == 1)
    try Self.forge(in: shell) { object in
      var actions = Array(object["actions"]?.string ?? "")
      actions[40] = actions[40] == "6" ? "0" : "6"
      object["actions"] = .string(String(actions))
    }
    let diff = try shell("dsl sim diff forged.json box.json --format json").json()
    #expect(diff["first_action"] as? Int == 40 && diff["members"] as? [String] == [])
  }

  @Test func anotherVersionIsNamed() throws {
    let shell = try Shell()
    try shell(Self.crashes + "mv $(ls crashes/* | head -1) box.json")
    try Self.forge(in: shell) { $0["dynamics_version"] = 2 }
    let outcome = try shell("dsl sim replay forged.json")
    #expect(
      outcome.status == 65 && outcome.err.contains("forged.json follows dynamics 2, this build 1"),
      "\(outcome)")
  }

  /// Changes `box.json` into `forged.json`, whose digest is right.
  private static func forge(in shell: Shell, _ change: (inout JSONObject) -> Void) throws {
    let file = shell.directory.appendingPathComponent("box.json")
    var object = try #require(try JSONParser.parse(Array(Data(contentsOf: file))).object)
    change(&object)
    object["sha256"] = nil
    object["sha256"] = .string(SHA256.hex(of: JSONValue.object(object).canonical.serialized()))
    try shell.write("forged.json", JSONValue.object(object).serialized())
  }

  @Test func anExplanationAndWhatIfAgree() throws {
    let shell = try Shell()
    let outcome = try shell(
      Self.crashes
        + """
        file=$(jq -r '[.episodes[] | select(.cause == "critical_oom")][0].black_box' run.json)
        dsl sim explain $file --policy oracle --format json > explained.json
        at=$(jq '.last_chances[0].step' explained.json)
        dsl sim whatif $file --at 0 --policy oracle --n 10 --format json > start.json
        dsl sim whatif $file --at $(($(jq .steps explained.json) - 1)) --policy random --n 10 --format json > end.json
        jq -s '{explained: .[0], start: .[1], end: .[2]}' explained.json start.json end.json
        """)
    let data = try outcome.json()
    let explained = try #require(data["explained"] as? [String: Any])
    let steps = try #require(explained["steps"] as? Int)
    let node = try #require(explained["node"] as? [String: Any])
    #expect(node["step"] as? Int == steps && node["critical"] as? Bool == true)
    let curve = try #require(explained["curve"] as? [[String: Any]])
    #expect(curve.last?["step"] as? Int == steps - 1)
    #expect(curve.last?["memory"] as? Double ?? 0 > 0.95)
    let chance = try #require((explained["last_chances"] as? [[String: Any]])?.first)
    #expect((0..<steps).contains(try #require(chance["step"] as? Int)))
    func survival(_ name: String) throws -> Double {
      let policies = try #require((data[name] as? [String: Any])?["policies"] as? [[String: Any]])
      return try #require((policies[0]["survival"] as? [String: Any])?["mean"] as? Double)
    }
    #expect(try survival("start") == 1, "the oracle survives from the start")
    #expect(try survival("end") < 1)
  }

  @Test func kindsCountEveryFile() throws {
    let shell = try Shell()
    let outcome = try shell(
      Self.crashes + "echo '{' > crashes/cut.blackbox.json; dsl sim cluster crashes --format json")
    #expect(
      outcome.status == 1 && outcome.err.contains("crashes/cut.blackbox.json is no whole JSON"), "\(outcome)")
    let data = try outcome.json()
    let kinds = try #require(data["kinds"] as? [[String: Any]])
    #expect(kinds.reduce(0) { $0 + ($1["count"] as? Int ?? 0) } == data["files"] as? Int)
    #expect(try shell("ls crashes | wc -l").out == "\((data["files"] as? Int ?? 0) + 1)\n")
  }

  @Test func anEvaluationIsTheMeanOfItsEpisodes() throws {
    let shell = try Shell()
    let outcome = try shell(
      """
      dsl sim run --policy heuristic --episodes 20 --format json > run.json
      dsl sim evaluate --policy random --policy heuristic --episodes 20 --black-boxes boxes --format json
      """)
    #expect(outcome.err.isEmpty)
    let data = try outcome.json()
    let run = try shell("cat run.json").json()
    let episodes = try #require(run["episodes"] as? [[String: Any]])
    let rows = try #require(data["policies"] as? [[String: Any]])
    #expect(rows.map { $0["policy"] as? String } == ["random", "heuristic"])
    for (name, member) in [("reward", "reward"), ("steps", "steps"), ("ooms", "ooms")] {
      let mean = episodes.reduce(0) { $0 + (($1[member] as? NSNumber)?.doubleValue ?? .nan) } / 20
      let estimate = try #require(rows[1][name] as? [String: Double])
      let (low, middle, high) = (estimate["low"] ?? .nan, estimate["mean"] ?? .nan, estimate["high"] ?? .nan)
      #expect(abs(middle - mean) < 1e-5 && low <= middle && middle <= high, "\(name)")
    }
    let difference = try #require((data["differences"] as? [[String: Any]])?.first)
    let rewards = try rows.map { try #require(($0["reward"] as? [String: Double])?["mean"]) }
    let gain = try #require((difference["reward"] as? [String: Double])?["mean"])
    #expect(abs(gain - (rewards[1] - rewards[0])) < 1e-5 && gain > 100)
    #expect(try shell("ls boxes | wc -l").out == "\(data["black_boxes"] as? Int ?? -1)\n")
    #expect(try shell("dsl sim replay boxes").status == 0)
  }
}

/// Where `dsl sim run` and `evaluate` keep failures.
@Suite struct SimBlackBoxTests {
  private static let kept = ".local/state/dsl/black-boxes"

  @Test func failuresAreKeptWithoutBeingAsked() throws {
    let shell = try Shell()
    // HOME is the shell's directory.
    let outcome = try shell(
      """
      dsl sim run --policy random --episodes 6 --format json > run.json
      dsl sim evaluate --policy random --policy heuristic --episodes 6 --format json > judged.json
      jq -r '.episodes[].black_box | select(. != null)' run.json | sort > named; ls -d "$HOME"/\(Self.kept)/random-* > there
      cmp named there && wc -l < there; jq '.episodes | map(select(.ooms > 0 or .cause != "time_limit")) | length' run.json
      dsl sim replay --format json | jq .diverged; dsl sim cluster --format json | jq .files; ls \(Self.kept) | wc -l
      jq '.black_boxes' judged.json; jq -r .black_box_directory judged.json | sed "s,$HOME,~,"
      """)
    #expect(outcome.err.isEmpty, "\(outcome.err)")
    let lines = outcome.out.split(separator: "\n").map(String.init)
    try #require(lines.count == 7, "\(lines)")
    let failures = Int(lines[0]) ?? 0
    #expect(failures >= 3 && lines[1] == lines[0] && lines[2] == "0")
    // The evaluation has the same episodes of the random policy, which are the same files.
    #expect(lines[3] == lines[4] && lines[4] == lines[5] && Int(lines[5]) ?? 0 >= failures)
    #expect(lines[6] == "~/\(Self.kept)")
  }

  /// The same policy and key on another cluster is another file, the same episode is the same one.
  @Test func anotherEpisodeOfThatNameLosesNothing() throws {
    let shell = try Shell()
    let outcome = try shell(
      """
      play() { dsl sim run --policy random --episodes 4 --preset $1 --format json --black-boxes b | jq -r '.episodes[].black_box'; }
      play storm > 1; play calm > 2; play storm > 3; cmp 1 3 && sort 1 2 | grep -v null | sort -u | wc -l; ls b | wc -l
      dsl sim replay b > replayed
      """)
    #expect(outcome.status == 0 && outcome.err.isEmpty, "\(outcome)")
    let lines = outcome.out.split(separator: "\n")
    #expect(lines.count == 2 && lines[0] == lines[1] && Int(lines[0]) ?? 0 > 4, "\(lines)")
  }

  @Test func theOldestGo() throws {
    let shell = try Shell()
    let outcome = try shell(
      """
      mkdir -p \(Self.kept); cd \(Self.kept)
      for i in $(seq 1000); do echo old > old-$i.blackbox.json; done; touch -d '2001-01-01' old-*; touch -d '2000-01-01' old-7.blackbox.json
      echo mine > notes.txt; touch -d '1999-01-01' notes.txt
      dsl sim run --policy random --episodes 6 --format json | jq '.episodes | map(select(.black_box)) | length'
      ls random-* | wc -l; ls *.blackbox.json | wc -l; ls old-7.blackbox.json notes.txt 2> /dev/null; ls -a | grep -c tmp
      """)
    let lines = outcome.out.split(separator: "\n").map(String.init)
    #expect(lines.count == 5 && lines[0] == lines[1] && Int(lines[0]) ?? 0 >= 3, "\(lines)")
    #expect(lines.dropFirst(2) == ["1000", "notes.txt", "0"], "\(lines)")
  }

  /// What was asked for and cannot be had is an error; what was not is a warning.
  @Test func aDirectoryThatCannotBeWritten() throws {
    let shell = try Shell()
    let run = "dsl sim run --policy random --episodes 6 --format json"
    let warned = try shell(
      "echo > file; XDG_STATE_HOME=$PWD/file \(run) | jq -c '[.episodes[].black_box] | unique'")
    #expect(warned.out == "[null]\n")
    #expect(warned.err.contains("failures were not kept: ") && warned.err.contains("--black-boxes DIR"))
    #expect(warned.err.split(separator: "\n").count == 1, "\(warned.err)")
    let failed = try shell("echo > file; \(run) --black-boxes file")
    #expect(failed.status == 74 && failed.out.isEmpty && failed.err.contains("file"), "\(failed)")
    let nowhere = try shell("unset HOME; \(run) 2>&1 > /dev/null; dsl sim cluster")
    #expect(
      nowhere.status == 65 && nowhere.out.contains("neither HOME nor XDG_STATE_HOME is set"), "\(nowhere)")
    #expect(nowhere.err.contains("give files or a directory"))
    let off = try shell(
      "\(run) --no-black-boxes | jq -c '[.episodes[].black_box] | unique'; ls -A \(Self.kept)")
    #expect(off.out == "[null]\n" && off.status != 0, "\(off)")
    #expect(try shell("\(run) --no-black-boxes --black-boxes b").status == 64)
  }
}

/// `dsl sim train` from outside.
@Suite struct SimTrainTests {
  private static let settings =
    "--episodes 640 --view local --approximation table --setting checkpoints=2 --setting validation_episodes=8"

  @Test func trainingThatStoppedGoesOnToTheSameBits() throws {
    let shell = try Shell()
    let outcome = try shell(
      """
      dsl sim train --out whole.agent --csv whole.csv \(Self.settings) > /dev/null
      dsl sim train --out parts.agent --stop-after 128 \(Self.settings) > /dev/null
      head -1 parts.agent | jq .episodes_done
      dsl sim train --out parts.agent --resume --stop-after 320 > /dev/null
      dsl sim train --out parts.agent --resume --format json | jq -c '[.resumed_at, .done, .episodes_done]'
      cmp whole.agent parts.agent && wc -l < whole.csv
      dsl sim run --policy parts.agent --episodes 2 --format json | jq -r '.episodes[0].policy'
      """)
    #expect(outcome.out == "128\n[448,true,640]\n11\nparts.agent\n" && outcome.err.isEmpty, "\(outcome)")
  }

  @Test func aSignalLeavesWhatGoesOn() throws {
    let shell = try Shell()
    let outcome = try shell(
      """
      dsl sim train --out a.agent --episodes 1000000 --save-every 50ms --format json > report &
      pid=$!
      for i in $(seq 600); do [ -s a.agent ] && break; sleep 0.1; done
      kill -TERM $pid; wait $pid; echo $?
      done=$(head -1 a.agent | jq .episodes_done)
      dsl sim train --out b.agent --episodes 1000000 --stop-after $done > /dev/null
      cmp a.agent b.agent && [ "$done" -gt 0 ] && jq ".episodes_done == $done" report
      """)
    #expect(outcome.out == "130\ntrue\n", "\(outcome)")
    #expect(outcome.err.contains("go on with --resume"))
  }

  @Test func severalTrainingsAreJudgedTogether() throws {
    let shell = try Shell()
    let outcome = try shell(
      """
      for seed in 0 1; do dsl sim train --out q$seed.agent --seed $seed \(Self.settings) > /dev/null; done
      cmp -s q0.agent q1.agent && echo equal
      dsl sim evaluate --policy q0.agent,q1.agent --episodes 8 --format json | jq -c '.policies[0] | [.policy, .trainings]'
      """)
    #expect(outcome.out == "[\"q0.agent and 1 more\",2]\n", "\(outcome)")
  }

  @Test func progressIsForTerminalsAlone() throws {
    try #require(Shell.has("script"), "script makes a terminal")
    let shell = try Shell()
    let call = "dsl sim train --out %.agent --episodes 640 --setting checkpoints=0"
    let silent = try shell(call.replacingOccurrences(of: "%", with: "a") + " > /dev/null")
    #expect(silent.err.isEmpty)
    let drawn = try shell(
      "script -qec '\(call.replacingOccurrences(of: "%", with: "b")) > /dev/null' seen > /dev/null; cat -v seen"
    )
    #expect(drawn.out.contains("/640 episodes") && drawn.out.contains("/s  "), "\(drawn.out)")
    #expect(drawn.out.contains("left"))
  }
}

/// What `dsl sim` says to what it cannot use.
@Suite struct SimBadInputTests {
  private static let prepared =
    SimTests.crashes
      + """
      mv $(ls crashes/* | head -1) box.json
      head -c 2000 box.json > cut.json
      sed 's/"ooms":./"ooms":9/' box.json > edited.json
      sed 's/"dynamics_version":1/"dynamics_version":2/' box.json > later.json
      sed 's|resonetics.blackbox/1|resonetics.blackbox/7|' box.json > format.json
      dsl sim train --out q.agent --episodes 64 --setting checkpoints=0 > /dev/null
      head -c 900 q.agent > cut.agent

      """

  @Test(arguments: [
    ("replay none.json", 4, "none.json does not exist"),
    ("replay cut.json", 72, "cut.json is no whole JSON"),
    ("replay edited.json", 72, "edited.json was edited or cut"),
    ("replay later.json", 72, "later.json was edited or cut"),
    ("explain format.json", 65, "has the format resonetics.blackbox/7"),
    ("run --policy best", 4, "there is no policy or file best"),
    ("run --policy cut.agent", 72, "cut.agent is no snapshot of an agent"),
    ("run --policy q.agent --size 8x8", 65, "was trained on 6x6 cells"),
    ("run --constant leak=nan", 65, "leak is \"nan\""),
    ("run --constant leak=9", 65, "leak is 9.0"),
    ("run --constant leek=9", 65, "leek is no constant of the simulator"),
    ("run --size 0x6", 65, "height is 0"), ("run --size 6", 65, "--size 6: expected rows and columns"),
    ("run --preset mild", 65, "calm, canonical, storm"), ("run --level 3", 65, "level is 3"),
    ("run --episodes 0", 65, "--episodes 0"), ("run --key xyz", 65, "--key xyz: expected up to 16"),
    ("evaluate --space tests", 65, "training, validation, evaluation"),
    ("whatif box.json --at 100000", 65, "step 100000 is not one of the episode"),
    ("whatif box.json --at 1 --n 0", 65, "0 trials"),
    ("train --out new.agent --setting discount=2", 65, "discount is 2.0"),
    ("train --out new.agent --view all", 65, "local, globals, memory, full"),
    ("train --out q.agent", 5, "q.agent exists"),
    ("train --out q.agent --resume --seed 2", 64, "--resume takes cluster and settings from the file"),
    ("train --out q.agent --resume", 6, "its training is over after 64 episodes"),
    ("train --out none.agent --resume", 4, "none.agent"),
    ("cluster empty", 4, "no black boxes in empty"),
  ]) func isNamed(call: String, status: Int, message: String) throws {
    let outcome = try Self.shell.get()("dsl sim \(call)")
    #expect(
      outcome.status == Int32(status) && outcome.err.contains(message), "\(outcome.status) \(outcome.err)")
    #expect(outcome.out.isEmpty)
  }

  /// Prepared once for all calls: none of them changes anything. Unsafe for the compiler alone, which cannot know that.
  nonisolated(unsafe) private static let shell = Result {
    let shell = try Shell()
    try shell(prepared + "mkdir empty")
    return shell
  }
}
