import Foundation
import Testing

/// What `dsl sim` draws and writes for other programs, and how fast it says it is.
@Suite struct SimViewTests {
  private static let reader = Shell.root.appendingPathComponent("Tests/ClusterSimViewsTests/readers.py").path

  /// A GIF has a frame for every so many steps and one for the end, and the end is the picture that PNG gives.
  @Test func anEpisodeIsDrawn() throws {
    let shell = try Shell()
    let outcome = try shell(
      SimTests.crashes
        + """
        mv "$(jq -r '[.episodes[] | select(.cause == "critical_oom")][0].black_box' run.json)" box.json
        dsl sim export box.json --to a.gif --every 40 --cell 6 --format json
        dsl sim export box.json --to a.png --cell 6 && dsl sim export box.json --to a.svg
        python3 '\(Self.reader)' gif a.gif > gif.txt && python3 '\(Self.reader)' png a.png > png.txt
        python3 '\(Self.reader)' svg a.svg > svg.txt
        """)
    #expect(outcome.status == 0 && outcome.err.isEmpty, "\(outcome.err)")
    let steps = try #require(Int(try shell("jq .actions box.json | tr -d '\"\n' | wc -c").out.trimmed))
    let data = try shell("dsl sim export box.json --to b.gif --every 40 --cell 6 --format json").json()
    let frames = (steps + 39) / 40 + 1
    #expect(data["steps"] as? Int == steps && data["frames"] as? Int == frames)
    let gif = try shell("cat gif.txt").out.split(separator: "\n").map(String.init)
    let lines = try shell("cat png.txt").out.split(separator: "\n")
    let png = String(lines.first ?? "")
    let origin = try shell(
      "jq -j '\"dynamics_version \" + (.dynamics_version | tostring) + \", configuration_sha256 \" + .configuration_sha256 + \", key \" + .key' box.json"
    ).out
    #expect(gif.first == "36 40 \(frames) forever \(origin)" && gif.count == frames + 1)
    #expect(lines.last?.hasPrefix("Comment: \(origin), step ") == true && origin.count > 100)
    #expect(gif.last?.split(separator: " ").last == png.split(separator: " ").last)
    #expect(Set(gif.dropFirst().map { $0.split(separator: " ")[1] }).count > 3, "the frames differ")
    let svg = try shell("cat svg.txt").out
    #expect(svg.contains("critical_oom after \(steps) steps: reward \(steps + 1) "), "\(svg)")
    #expect(try shell("grep -c 'dynamics 1, constants [0-9a-f]\\{12\\}<' a.svg").out == "1\n")
  }

  @Test(arguments: [
    ("box.json --to a.bmp", 64), ("box.json --to a.png --step 100000", 65), ("nowhere.json --to a.png", 4),
    ("box.json --to a.gif --every 0", 64), ("box.json --to nowhere/a.svg", 4),
  ])
  func whatCannotBeDrawnIsRefused(_ arguments: String, _ status: Int32) throws {
    let shell = try Shell()
    try shell(SimTests.crashes + "mv $(ls crashes/* | head -1) box.json")
    let outcome = try shell("dsl sim export \(arguments)")
    #expect(outcome.status == status && !outcome.err.isEmpty, "\(outcome)")
    #expect(try shell("ls a.*").status != 0)
  }

  /// Event files hold the points of the curve, also those after training was gone on with.
  @Test func tensorBoardGetsTheCurve() throws {
    let shell = try Shell()
    let outcome = try shell(
      """
      dsl sim train --out q.agent --episodes 640 --stop-after 320 --setting checkpoints=1 --tensorboard runs --format json > one.json
      sleep 1.1
      dsl sim train --out q.agent --resume --tensorboard runs --csv curve.csv --format json > two.json
      for file in runs/q.agent/events.out.tfevents.*; do python3 '\(Self.reader)' events $file; done
      """)
    #expect(outcome.status == 0 && outcome.err.isEmpty, "\(outcome.err)")
    let lines = outcome.out.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(lines.filter { $0.last == "brain.Event:2" }.count == 2)
    // What is trained on is told at the start of each of them.
    let digest = try shell("jq -r .configuration_sha256 one.json").out.trimmed
    let texts = lines.filter { $0.contains("configuration_sha256=\(digest)") }
    #expect(texts.count == 2 && texts.allSatisfy { $0.contains("dynamics_version=1") })
    let events = lines.filter { $0.last != "brain.Event:2" && !texts.contains($0) }
    let curves = try ["one.json", "two.json"].flatMap {
      try #require(try shell("cat \($0)").json()["curve"] as? [[String: Any]])
    }
    #expect(events.count == curves.count && curves.count >= 10)
    for (event, point) in zip(events, curves) {
      #expect(event[1] == "\(point["episodes"] as? Int ?? -1)")
      let reward = try #require(point["reward"] as? Double)
      let written = try #require(Double(event[2].replacing("rollout/ep_rew_mean=", with: "")))
      #expect(abs(written - reward) <= abs(reward) * 1e-6)
    }
    // The curve's file is that of the call, as before.
    let rows = try shell("tail -n +2 curve.csv | wc -l").out.trimmed
    let second = try shell("jq '.curve | length' two.json").out.trimmed
    #expect(rows == second)
    #expect(try shell("tail -n +2 curve.csv | cut -d, -f6,7 | sort -u").out == "1,\(digest)\n")
  }

  /// Figures that hang together; how large they are is for `docs/benchmarks.md`.
  @Test func theBenchCountsWhatItDoes() throws {
    let shell = try Shell()
    let data = try shell(
      "dsl sim bench --seconds 0.05 --environments 3,64 --threads 1,2 --size 4x5 --format json"
    ).json()
    #expect(["x86-64-v4", "avx2", "default"].contains(data["physics"] as? String ?? ""))
    let rows = try #require(data["measurements"] as? [[String: Any]])
    #expect(rows.map { $0["environments"] as? Int } == [3, 3, 64, 64])
    #expect(rows.map { $0["threads"] as? Int } == [1, 2, 1, 2])
    for row in rows {
      let steps = try #require(row["steps"] as? Int)
      #expect(steps > 0 && steps % (row["environments"] as? Int ?? 0) == 0)
      #expect(row["ns_per_step"] as? Double ?? 0 > 0)
    }
    let rates = rows.map { $0["steps_per_s"] as? Double ?? .nan }
    #expect(rows[0]["speedup"] is NSNull)
    #expect(abs((rows[3]["speedup"] as? Double ?? .nan) - rates[3] / rates[2]) < 0.01)
    #expect(try shell("dsl sim bench --environments 0").status == 65)
  }
}

extension String {
  fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
