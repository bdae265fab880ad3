import Foundation
import Testing

/// `dsl sim tune` without Python's part: the native search, and what Optuna says to its file.
@Suite struct SimTuneTests {
  private static let flags = "--episodes 128 --size 3x3 --native --format json"

  /// Two workers are killed in the middle; the same call goes on, and Optuna opens the file.
  @Test(
    .enabled(if: Shell.python(with: "optuna") != nil, "optuna is not in .build/venv: ci/setup installs it"))
  func aSearchThatWasKilledGoesOnAndOptunaOpensIt() throws {
    let shell = try Shell()
    let python = try #require(Shell.python(with: "optuna"))
    let outcome = try shell(
      """
      dsl sim tune --study s.log --trials 100000 --workers 2 \(Self.flags) > /dev/null 2> first.err &
      pid=$!
      for i in $(seq 900); do
        n=$(grep -c '"op_code":6' s.log 2> /dev/null); [ "${n:-0}" -ge 3 ] && break; sleep 0.1
      done
      kill -KILL $pid; wait $pid
      cp s.log killed.log; printf '{"op_code":4,"worker' >> s.log; touch s.log.lock; touch -d '1 minute ago' s.log.lock
      total=$(($(jq -s '[.[] | select(.op_code == 6 and .state == 1)] | length' killed.log) + 3))
      dsl sim tune --study s.log --trials $total \(Self.flags) > report.json
      head -c $(stat -c %s killed.log) s.log | cmp - killed.log
      '\(python)' - $total <<'END'
      import json, pathlib, sys, warnings
      warnings.simplefilter("ignore")
      import optuna
      from optuna.artifacts import get_all_artifact_meta
      from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
      storage = optuna.storages.JournalStorage(JournalFileBackend("s.log", lock_obj=JournalFileOpenLock("s.log")))
      study = optuna.load_study(study_name="tune", storage=storage)
      states = [t.state.name for t in study.trials]
      report = json.load(open("report.json"))
      assert states.count("COMPLETE") == int(sys.argv[1]) and set(states) <= {"COMPLETE", "FAIL"}, states
      assert report["trials"] == {k: n for k, n in (("complete", states.count("COMPLETE")), ("fail", states.count("FAIL"))) if n}
      assert report["recovered"] == states.count("FAIL") and report["search"] == "random"
      best = study.best_trial
      assert (best.number, best.value, best.params) == tuple(report["best"][k] for k in ("number", "value", "params"))
      for trial in study.trials:
          assert trial.datetime_start and len(trial.params) == 8
          if trial.state.name == "COMPLETE":
              assert trial.value == trial.intermediate_values[max(trial.intermediate_values)], trial
              assert trial.user_attrs["settings"]["n_steps"] == trial.params["n_steps"]
      assert study.user_attrs.items() >= {"sampler": "dsl-random", "pruner": "none", "size": "3x3", "episodes": 128}.items() and study.direction.name == "MAXIMIZE"
      # Whenever it was killed: what is attached is there, and nothing is missing of what is complete.
      store = pathlib.Path("s.log.files/artifacts")
      for owner in (*study.trials, study):
          metas = get_all_artifact_meta(owner, storage=storage)
          assert all((store / meta.artifact_id).stat().st_size for meta in metas), metas
          names = [meta.filename for meta in metas if not meta.filename.endswith(".blackbox.json")]
          if owner is study:
              assert names == ["study.svg", "note.md", "study.csv"], names
          elif owner.state.name == "COMPLETE":
              assert names == ["note.md", "judged.svg", "training.csv", "training.svg"], names
              assert pathlib.Path(f"s.log.files/trial-{owner.number}.agent").exists()
          else:
              assert not names, names
      # Optuna goes on in the same study.
      study.optimize(lambda t: t.suggest_float("discount", 0.95, 0.998), n_trials=1)
      assert len(study.trials) == len(states) + 1
      print("opened")
      END
      """)
    #expect(outcome.status == 0 && outcome.out == "opened\n", "\(outcome)")
    #expect(outcome.err.contains("as asked for: drawing settings at random, without Optuna"))
  }

  /// Optuna lists and downloads what is attached, and the program takes it: the black box, which is that of the first failure, and the agent.
  @Test(
    .enabled(if: Shell.python(with: "optuna") != nil, "optuna is not in .build/venv: ci/setup installs it"))
  func whatIsAttachedIsOptunas() throws {
    let shell = try Shell()
    let python = try #require(Shell.python(with: "optuna"))
    let outcome = try shell(
      """
      for name in s again; do dsl sim tune --study $name.log --trials 2 --seed 3 \(Self.flags) > /dev/null 2>&1; done
      diff -r s.log.files again.log.files && mkdir got && '\(python)' - <<'END'
      import json, pathlib, warnings
      warnings.simplefilter("ignore")
      import optuna
      from optuna.artifacts import FileSystemArtifactStore, download_artifact, get_all_artifact_meta
      from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
      storage = optuna.storages.JournalStorage(JournalFileBackend("s.log", lock_obj=JournalFileOpenLock("s.log")))
      study = optuna.load_study(study_name="tune", storage=storage)
      store = FileSystemArtifactStore(base_path="s.log.files/artifacts")
      types = {".md": "text/markdown", ".svg": "image/svg+xml", ".csv": "text/csv", ".json": "application/json"}
      attributes, named = storage.get_study_system_attrs(study._study_id), set()
      for owner in (*study.trials, study):
          number = getattr(owner, "number", "study")
          for meta in get_all_artifact_meta(owner, storage=storage):
              path = pathlib.Path(f"got/{number}-{meta.filename}")
              download_artifact(artifact_store=store, artifact_id=meta.artifact_id, file_path=str(path))
              assert path.stat().st_size and (types[path.suffix], None) == (meta.mimetype, meta.encoding), meta
              named.add(meta.artifact_id)
          # The note stands where optuna-dashboard looks for it.
          key = "dashboard:" + ("" if owner is study else f"{owner._trial_id}:")
          note = pathlib.Path(f"got/{number}-note.md").read_text()
          assert (attributes[key + "note_ver"], attributes[key + "note_str:0"]) == (1, note), attributes
      assert named == {path.name for path in pathlib.Path("s.log.files/artifacts").iterdir()}
      END
      ls got | sed 's/-4[0-9a-f]*[.]/-KEY./' && dsl sim replay got/*.blackbox.json > /dev/null || echo untrue
      for n in 0 1; do
        dsl sim run --policy s.log.files/trial-$n.agent --space validation --seed 1 --episodes 256 --format json |
          jq -r '[.data.episodes[] | select(.cause != "time_limit")] | min_by(.steps) | .key' > first
        ls got | grep "^$n-.*$(cat first).blackbox.json" > /dev/null || echo "$n: another box than $(cat first)"
      done
      """)
    let trial = ["judged.svg", "note.md", "training.csv", "training.svg"]
    let expected =
      (0...1).flatMap { n in (trial + ["trial-\(n)-KEY.blackbox.json"]).map { "\(n)-\($0)" } }
      + ["note.md", "study.csv", "study.svg"].map { "study-\($0)" }
    #expect(outcome.out == expected.joined(separator: "\n") + "\n", "\(outcome)")
  }

  @Test func aSearchRepeatsAndSaysWhereThereIsNoOptuna() throws {
    let shell = try Shell()
    let outcome = try shell(
      """
      printf '#!/bin/sh\\nexit 1\\n' > python3; chmod +x python3
      call="dsl sim tune --trials 2 --episodes 64 --size 3x3 --seed 5 --format json"
      PATH="$PWD:$PATH" $call --study a.log > a.json
      $call --study b.log --native > b.json 2> /dev/null
      jq -c 'del(.file)' a.json > a; jq -c 'del(.file)' b.json | cmp - a && jq .trials.complete a
      """)
    #expect(outcome.status == 0 && outcome.out == "2\n", "\(outcome)")
    #expect(outcome.err.contains("no Python with Optuna and resonetics: drawing settings at random"))
  }

  @Test(arguments: [
    ("--study s.log --trials 0", 64, "1 to 1000000 trials"), ("--native --python python3", 64, "not both"),
    ("--python ./none --study s.log", 69, "./none has no Optuna"),
    ("--native --study s.log -- --pruner wilcoxon", 64, "--pruner wilcoxon is for Optuna"),
    ("--native --study bad.log", 72, "line 1 is none of a study's journal"),
    ("--native --study held.log", 75, "another process is at work on held.log"),
  ]) func isNamed(call: String, status: Int, message: String) throws {
    let shell = try Shell()
    let outcome = try shell(
      """
      echo text > bad.log
      exec 9> held.log.members; flock -s 9
      dsl sim tune \(call)
      """)
    #expect(outcome.status == Int32(status) && outcome.err.contains(message), "\(outcome)")
  }

  /// Values of another cluster or another budget cannot be compared; and a file that is something else is left as it is.
  @Test func aStudyIsOfOneThing() throws {
    let outcome = try Shell()(
      """
      call="dsl sim tune --native --trials 1 --episodes 64"
      $call --size 3x3 --study s.log > first && cp s.log before
      for more in '--size 4x3' '--size 3x3 --preset storm' '--size 3x3 --episodes 128'; do
        $call $more --trials 2 --study s.log; echo $?
      done
      cmp before s.log && $call --size 3x3 --trials 2 --study s.log > second; echo $?
      printf 'no study' > prose; printf 'no study\\n{"op_code"' > more
      for file in prose more; do $call --size 3x3 --study $file; echo $?; done; cat prose
      """)
    #expect(outcome.out == "5\n5\n5\n0\n72\n72\nno study", "\(outcome)")
    #expect(outcome.err.contains("s.log is of something else: configuration_sha256 is"), "\(outcome.err)")
    #expect(outcome.err.contains("episodes is 64 there and 128 here"), "\(outcome.err)")
  }

  /// A Python that waits for the end: SIGTERM to the command is its to handle, and nothing stays behind.
  @Test(arguments: ["TERM", "INT"]) func aSignalEndsThePythonToo(signal: String) throws {
    let outcome = try Shell()(
      """
      printf '%s\\n' '#!/bin/sh' '[ "$1" = -c ] && exit 0' 'trap "echo noted > noted; exit 130" TERM INT' \
        'echo $$ > python.pid' 'while :; do sleep 0.05; done' > python; chmod +x python
      # A job's own process group and an inherited SIGINT, as from a terminal's shell and not from a script's background.
      setsid python3 -c 'import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execvp(sys.argv[1], sys.argv[1:])' \
        dsl sim tune --study s.log --trials 2 --python ./python 2> err & pid=$!
      until [ -s python.pid ]; do sleep 0.05; done
      kill -\(signal) $pid; wait $pid; echo $?
      cat noted err; kill -0 $(cat python.pid) 2> /dev/null || echo gone
      """)
    #expect(outcome.out.hasPrefix("130\nnoted\n") && outcome.out.hasSuffix("gone\n"), "\(outcome)")
    #expect(outcome.out.contains("stopped on request"))
  }
}
