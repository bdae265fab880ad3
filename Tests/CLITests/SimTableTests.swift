import Foundation
import Testing

/// `ci/bench/sim_table.py`: the table by the real commands, with trainings of a moment.
@Suite struct SimTableTests {
  /// With `-S`, so that what is installed beside Python is not found.
  private static let small = """
    cat > small <<'END'
    #!/bin/sh
    case "$* " in
      *" --resume "*) ;;
      *"sim train "*) set -- "$@" --size 2x2 --constant max_steps=20 --setting validation_episodes=2 ;;
      *"sim evaluate "*) set -- "$@" --size 2x2 --constant max_steps=20 ;;
    esac
    exec dsl "$@"
    END
    chmod +x small
    table() { python3 -S '\(Shell.root.path)/ci/bench/sim_table.py' --dsl ./small --quick --judge-episodes 2 "$@"; }

    """

  @Test func theTableIsMadeAndGoesOnWhereItStopped() throws {
    let shell = try Shell()
    let outcome = try shell(
      Self.small + """
        mkdir a; ./small sim train --out a/survival-1.part --episodes 128 --stop-after 64 --seed 1 > /dev/null
        ./small sim train --out a/local-0.agent --episodes 128 --view local > /dev/null
        table --agents a --episodes 128 --json t.json > t.md 2> trained
        ls a | tr '\\n' ' '; wc -l < trained
        grep -c '^| Q, ' t.md; grep -c 'holds\\|DOES NOT HOLD' t.md; tail -n 1 t.md
        jq -c '[(.policies | length), (.less_heuristic | length), .policies.survival.trainings, .policies.full.trainings]' t.json
        dsl sim evaluate --policy random --episodes 1 --size 2x2 --constant max_steps=20 --no-black-boxes --format json |
          jq -c '[.dynamics_version, .configuration_sha256, 2]' > evaluated
        jq -c '[.dynamics_version, .configuration_sha256, .episodes]' t.json | cmp - evaluated
        ./small sim train --out whole.agent --episodes 128 --seed 1 > /dev/null; cmp whole.agent a/survival-1.agent
        """)
    #expect(
      outcome.out == """
        full-0.agent globals-0.agent local-0.agent reward-0.agent reward-1.agent survival-0.agent survival-1.agent 6
        10
        7
        These trainings are short and few: what holds here says nothing about the whole table.
        [9,8,2,1]

        """, "\(outcome)")
    #expect(outcome.status == 0 && outcome.err.isEmpty, "\(outcome)")
  }

  @Test(arguments: [
    ("--agents b", 1, "b/survival-0.agent is another training (episodes 64, not 4000): give another folder"),
    ("--dsl none", 2, "there is no program none"), ("--trainings 0", 2, "--trainings has to be 1 or more"),
    ("--ppo 1", 2, "--ppo needs "),
  ]) func isNamed(flags: String, status: Int32, message: String) throws {
    let outcome = try Shell()(
      Self.small + """
        mkdir b; ./small sim train --out b/survival-0.agent --episodes 64 > /dev/null
        table \(flags)
        """)
    #expect(outcome.status == status && outcome.err.contains(message), "\(outcome)")
  }
  /// What an older run left in the folder is not taken for what this one would train.
  @Test func otherTrainingsAreRefused() throws {
    let outcome = try Shell()(
      Self.small + """
        refused() { table --agents c --episodes 64 > /dev/null 2> said && echo made; cut -d: -f2- said; rm -r c; }
        old() { mkdir -p c; ./small sim train --out "c/$1" --episodes 64 $2 > /dev/null; }
        old survival-1.agent; refused
        old reward-0.agent; refused
        old local-0.part "--view full --stop-after 64"; refused
        mkdir c; dsl sim train --out c/full-0.agent --episodes 64 --view full --size 2x2 --constant max_steps=21 > /dev/null; refused
        old survival-0.agent; sed -i '1s/"dynamics_version":1/"dynamics_version":0/' c/survival-0.agent; refused
        old survival-0.agent; old survival-1.agent '--seed 1 --setting n_steps=7'; refused
        mkdir c; echo '{"settings":{}}' > c/survival-0.agent; refused
        mkdir c; head -c 99 /dev/urandom > c/globals-0.agent; refused
        old survival-7.agent; old notes.agent; table --agents c --episodes 64 2>&1 | grep -c '^| Q, '
        """)
    let another = " is another training ("
    let other = "): give another folder to --agents"
    let lines = outcome.out.replacing(/[0-9a-f]{64}/, with: "SHA").split(separator: "\n").map(String.init)
    #expect(
      lines == [
        " c/survival-1.agent\(another)seed 0, not 1\(other)",
        " c/reward-0.agent\(another)objective survival, not reward\(other)",
        " c/local-0.part\(another)view full, not local\(other)",
        " c/full-0.agent\(another)configuration_sha256 SHA, not SHA\(other)",
        " c/survival-0.agent\(another)dynamics_version 0, not 1\(other)",
        " c/survival-1.agent\(another)n_steps 7, not 15\(other)",
        " c/survival-0.agent is no training of dsl sim train: give another folder to --agents",
        " c/globals-0.agent is no training of dsl sim train: give another folder to --agents",
        "10",
      ], "\(outcome)")
  }
  /// Those of PPO tell of themselves in their zips; without Stable-Baselines3 they are made up here.
  @Test func otherTrainingsOfPPOAreRefused() throws {
    let outcome = try Shell()(
      """
      python3 -S - '\(Shell.root.path)/ci/bench' <<'END'
      import json, pathlib, sys, types, zipfile
      sys.path.insert(0, sys.argv[1])
      import sim_table
      options = types.SimpleNamespace(agents=pathlib.Path("p"), trainings=0, ablation=0, episodes=1, ppo=2, ppo_steps=100)
      options.agents.mkdir()
      plain = {"dynamics_version": 1, "configuration_sha256": "a", "seed": 0, "steps": 100, "oom_weight": 6.0}
      def tell(second, data=None):
          for seed, of in enumerate((plain, second)):
              with zipfile.ZipFile(f"p/ppo-100-{seed}.zip", "w") as file:
                  file.writestr("data", data or json.dumps({} if of is None else {"resonetics": of}))
          try:
              sim_table.expect_all(options, {"dynamics_version": 1, "configuration_sha256": "b"})
              print("taken")
          except SystemExit as error:
              print(str(error).removeprefix("sim_table: p/"))
      tell({**plain, "seed": 1})
      for name, value in (("seed", 0), ("dynamics_version", 0), ("steps", 99), ("configuration_sha256", "c"), ("oom_weight", 2.0)):
          tell({**plain, "seed": 1, name: value})
      tell(None)
      tell(plain, "[]")
      pathlib.Path("p/ppo-100-0.zip").write_text("no zip")
      try:
          sim_table.expect_all(options, {"dynamics_version": 1})
      except SystemExit as error:
          print(str(error).removeprefix("sim_table: p/"))
      END
      """)
    let other = "): give another folder to --agents"
    #expect(
      outcome.out.split(separator: "\n").map(String.init) == [
        "taken", "ppo-100-1.zip is another training (seed 0, not 1\(other)",
        "ppo-100-1.zip is another training (dynamics_version 0, not 1\(other)",
        "ppo-100-1.zip is another training (steps 99, not 100\(other)",
        "ppo-100-1.zip is another training (configuration_sha256 c, not a\(other)",
        "ppo-100-1.zip is another training (oom_weight 2.0, not 6.0\(other)", "taken",
        "ppo-100-0.zip is no training of resonetics.ppo: give another folder to --agents",
        "ppo-100-0.zip is no training of resonetics.ppo: give another folder to --agents",
      ], "\(outcome)")
    #expect(outcome.err == "sim_table: p/ppo-100-1.zip does not say what it is a training of\n")
  }
}
