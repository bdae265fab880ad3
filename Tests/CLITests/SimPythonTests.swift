import Foundation
import Testing

/// The Python package, installed from its wheel, beside the binary.
@Suite(
  .enabled(
    if: Shell.python(with: "gymnasium, setuptools, wheel") != nil,
    "gymnasium is not in .build/venv: ci/setup installs it"))
struct SimPythonTests {
  /// A folder with the package in it, built once. The checkout is left alone: what building leaves behind stays in the folder.
  private final class Site {
    let shell: Shell
    let python: String

    init() throws {
      shell = try Shell()
      python = try #require(Shell.python(with: "gymnasium"))
      let root = Shell.root.path
      let outcome = try shell(
        """
        mkdir checkout && cp -rL '\(root)/python' checkout/python && rm -rf checkout/python/core checkout/python/build &&
        ln -s '\(root)/Sources' checkout/Sources && '\(python)' -m pip install -q --disable-pip-version-check \\
          --no-build-isolation --no-deps --no-index --target site ./checkout/python
        """)
      try #require(outcome.status == 0, "\(outcome.out)\(outcome.err)")
      try LearnerLibrary.link(into: shell)
    }

    func run(_ script: String, input: String = "") throws -> Outcome {
      try shell(
        "export PYTHONPATH=$PWD/site PYTHONDONTWRITEBYTECODE=1; python='\(python)'\n" + script, input: input)
    }
  }

  /// Installed once for all tests. Unsafe for the compiler alone: what it holds is made here, and only read from then on.
  nonisolated(unsafe) private static let site = Result { try Site() }

  @Test(arguments: [
    "test_blackbox", "test_calibrate", "test_choices", "test_compilers", "test_environments",
    "test_interface", "test_judge", "test_learner", "test_tape", "test_tune",
  ])
  func itsOwnTestsPass(module: String) throws {
    let site = try Self.site.get()
    let outcome = try site.run(
      """
      export RESONETICS_LEARNER=$PWD/\(LearnerLibrary.name)
      cd checkout/python/tests && $python -m unittest -v \(module) 2>&1
      """
    )
    #expect(outcome.status == 0, "\(outcome.out)")
    #expect(outcome.out.contains("... ok"), "tests were found")
    // What needs more than ci/setup could install says so, and is skipped for no other reason.
    let modules = [
      "Optuna": "optuna", "SciPy": "scipy", "Stable-Baselines3": "stable_baselines3",
      "optuna-dashboard": "optuna_dashboard",
    ]
    for line in outcome.out.split(separator: "\n") where line.contains("... skipped") {
      let missing = modules.first { line.contains("\($0.key) is not installed") }
      let module = try #require(missing?.value, "\(line)")
      #expect(try site.run("$python -c 'import \(module)'").status != 0, "\(line)")
    }
  }

  /// `dsl sim tune` runs Optuna where it is, and goes on without it in the same study.
  @Test(
    .enabled(if: Shell.python(with: "optuna") != nil, "optuna is not in .build/venv: ci/setup installs it"))
  func tuningRunsOptuna() throws {
    let outcome = try Self.site.get().run(
      """
      call="dsl sim tune --study tuned.log --episodes 128 --constant height=3 --constant width=3 --format json"
      export RESONETICS_LEARNER=program
      $call --trials 1 --python "$python" | jq -c '[.search, .trials, .sampler, .trainings]'
      $call --trials 2 --native 2> /dev/null | jq -c '[.search, .trials, .sampler, .trainings]'
      export RESONETICS_LEARNER=$PWD/\(LearnerLibrary.name)
      $call --trials 3 --python "$python" -- --sampler random --pruner none |
        jq -c '[.search, .trials, .best.number < 3, .trainings, .sampler]'
      """)
    #expect(
      outcome.out == """
        ["optuna",{"complete":1},"tpe","program"]
        ["random",{"complete":2},"dsl-random","in_process"]
        ["optuna",{"complete":3},true,"in_process","random"]

        """, "\(outcome)")
    #expect(outcome.err.contains("as asked for: trainings run"), "\(outcome)")
    #expect(outcome.err.contains("trainings run in this process, by "), "\(outcome)")
  }

  /// The search without Python attaches what the package attaches to a trial of the same settings, wherever that trains: the same bytes, but for
  /// the intervals of means, which either draws by a generator of its own.
  @Test(
    .enabled(if: Shell.python(with: "optuna") != nil, "optuna is not in .build/venv: ci/setup installs it"))
  func bothSearchesAttachTheSame() throws {
    let outcome = try Self.site.get().run(
      """
      dsl sim tune --study native.log --trials 2 --episodes 128 --size 3x3 --native > /dev/null 2>&1
      $python - <<'END'
      import os, pathlib, shutil, warnings
      warnings.simplefilter("ignore")
      import optuna
      from optuna.artifacts import get_all_artifact_meta
      from resonetics import learner, studies, trials, tune
      optuna.logging.set_verbosity(optuna.logging.ERROR)

      def attached(study, owner, path):
          store = pathlib.Path(path + ".files/artifacts")
          metas = get_all_artifact_meta(owner, storage=study._storage)
          return {meta.filename: (store / meta.artifact_id).read_bytes() for meta in metas if (store / meta.artifact_id).exists()}

      def loaded(path):
          return optuna.load_study(study_name="tune", storage=studies.storage(optuna, pathlib.Path(path)))

      native = loaded("native.log")
      for word in ("program", os.path.abspath("\(LearnerLibrary.name)")):
          path = "program.log" if word == "program" else "library.log"
          options = tune.parse(["tune", "--study", path, "--episodes", "128", "--size", "3x3", "--pruner", "none", "--trials", "2"])
          storage = studies.storage(optuna, options.study)
          study = optuna.create_study(study_name="tune", storage=storage, direction="maximize")
          for trial in native.trials:
              study.enqueue_trial(trial.params)
          study.optimize(tune.Tuning(learner.find(word, shutil.which("dsl")), options), n_trials=2)
          tune.draw(optuna, study, options)
          for ours, theirs in zip(native.trials, study.trials):
              assert abs(ours.value - theirs.value) < 1e-9 and ours.params == theirs.params, (ours, theirs)
              one, two = attached(native, ours, "native.log"), attached(study, theirs, path)
              assert list(one) == list(two) and len(one) == 5, (list(one), list(two))
              note = one.pop("note.md").decode()
              assert note == trials.note(f"trial {ours.number}", ours.user_attrs["validation"], ours.value)
              means = [[line.split("|")[:3] for line in text.splitlines()] for text in (note, two.pop("note.md").decode())]
              assert means[0] == means[1], means
              assert one == two, [name for name in one if one[name] != two[name]]
              agents = [pathlib.Path(f"{name}.files/trial-{ours.number}.agent").read_bytes() for name in ("native.log", path)]
              assert agents[0] == agents[1]
          print(sorted(attached(study, study, path)) == sorted(attached(native, native, "native.log")))
      # Of a study the same trials, drawn there and here.
      shutil.copy("native.log", "copied.log")
      options = tune.parse(["tune", "--study", "copied.log"])
      study = loaded("copied.log")
      tune.draw(optuna, study, options)
      print(attached(study, study, "copied.log") == attached(native, native, "native.log"))
      END
      """)
    #expect(outcome.status == 0 && outcome.out == "True\nTrue\nTrue\n", "\(outcome)")
  }

  /// A wheel that is built where the learner's library is brings it along, and needs no program.
  @Test(
    .enabled(if: Shell.python(with: "optuna") != nil, "optuna is not in .build/venv: ci/setup installs it"))
  func aWheelBringsTheLearnerAlong() throws {
    let outcome = try Self.site.get().run(
      """
      mkdir again && cp -rL checkout/python again/python && rm -rf again/python/core again/python/build
      ln -s ../checkout/Sources again/Sources
      RESONETICS_LEARNER=$PWD/\(LearnerLibrary.name) "$python" -m pip install -q --disable-pip-version-check \\
        --no-build-isolation --no-deps --no-index --target bundled ./again/python
      PATH=/usr/bin:/bin PYTHONPATH=$PWD/bundled "$python" -m resonetics.tune tune --study w.log --trials 1 --episodes 64 \\
        --judge-episodes 2 --size 3x3 --constant max_steps=60 | jq -c '[.trials, .trainings]'
      """)
    #expect(outcome.status == 0 && outcome.out == "[{\"complete\":1},\"in_process\"]\n", "\(outcome)")
    #expect(outcome.err.contains("bundled/resonetics/_learner.so"), "\(outcome)")
  }

  /// Episodes that the binary recorded, done again through the wheel: every state has the digest in the file.
  @Test func episodesOfTheBinaryComeOutTheSame() throws {
    let outcome = try Self.site.get().run(
      """
      dsl sim run --policy random --episodes 3 --black-boxes boxes > /dev/null
      dsl sim run --policy random --policy threshold --preset storm --size 7x9 --level 2 --seed 5 --episodes 2 \\
        --black-boxes boxes > /dev/null
      $python - <<'END'
      import json, pathlib
      from resonetics import K8sEnv
      played = 0
      for path in sorted(pathlib.Path("boxes").iterdir()):
          box = json.loads(path.read_text())
          env = K8sEnv(constants=box["configuration"])
          assert env.configuration.digest == box["configuration_sha256"], path
          digests = box["state_digests"]
          env.reset(options={"key": box["key"], "level": box["level"]})
          reward, end = 0, {}
          for step in range(box["steps"] + 1):
              found = f"{env.state_digest() & 0xFFFFFFFF:08x}"
              assert found == digests[8 * step:8 * step + 8], (path, step)
              if step < box["steps"]:
                  _, gain, terminated, truncated, end = env.step(int(box["actions"][step]))
                  reward += gain
                  assert (terminated or truncated) == (step + 1 == box["steps"])
          assert (end["cause"], end["ooms"], end["episode_key"]) == (box["cause"], box["ooms"], box["key"])
          assert abs(reward - box["reward"]) < 1e-6
          played += 1
      print(played)
      END
      """)
    #expect(outcome.status == 0 && Int(outcome.out.dropLast()) ?? 0 >= 5, "\(outcome)")
  }

  /// Two processes, two sizes of the batch, two modes of starting anew where no episode ends: one hash.
  @Test func anotherProcessAndAnotherBatchGiveTheSameBits() throws {
    let outcome = try Self.site.get().run(
      """
      play() {
        $python - "$1" <<'END'
      import hashlib, sys
      import gymnasium, numpy, resonetics
      envs = gymnasium.make_vec("resonetics/K8sTensor-v1", num_envs=int(sys.argv[1]), preset="storm", size=(8, 8))
      observations, infos = envs.reset(seed=3)
      rng, digest = numpy.random.default_rng(1), hashlib.sha256(observations[0].tobytes())
      for _ in range(600):
          actions = numpy.full(envs.num_envs, rng.integers(8))
          observations, rewards, terminated, truncated, infos = envs.step(actions)
          digest.update(observations[0].tobytes() + rewards[0].tobytes() + terminated[0].tobytes())
      print(digest.hexdigest())
      END
      }
      play 1; play 1; play 17
      """)
    let lines = outcome.out.split(separator: "\n")
    #expect(outcome.status == 0 && lines.count == 3 && Set(lines).count == 1, "\(outcome)")
  }
}
