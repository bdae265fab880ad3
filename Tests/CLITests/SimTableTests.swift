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
    ("--agents b", 1, "b/survival-0.agent is a training of 64 episodes, not 4000"),
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
}
