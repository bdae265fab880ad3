import Foundation
import Testing

/// `dsl gpu mig` from outside.
@Suite struct GPUMIGTests {
  @Test func layoutsCountsThem() throws {
    let outcome = try Shell()(
      """
      for profiles in 1g.10gb,2g.20gb,3g.40gb,4g.40gb,7g.80gb 1g.10gb,1g.20gb,2g.20gb,3g.40gb,4g.40gb,7g.80gb; do
        dsl gpu mig layouts --profiles $profiles --format json | jq -c '[.legal, .maximal, .maximal_kinds]'
      done
      """)
    #expect(outcome.out == "[298,19,14]\n[723,78,38]\n", "\(outcome.out)\(outcome.err)")
  }

  @Test func planPrintsItsSteps() throws {
    let outcome = try Shell()(
      "dsl gpu mig plan --have '1g.10gb@0:running,1g.10gb@1:running=3,1g.10gb@5:running' --want 3g.40gb --drain"
    )
    #expect(
      outcome.out == """
        1. create 1g.10gb@2
        2. drain 1g.10gb@5
        3. create 3g.40gb@4
        drain cost: 1.0
        then: 1g.10gb@0 1g.10gb@1 1g.10gb@2 3g.40gb@4

        """, "\(outcome.out)\(outcome.err)")
  }

  @Test(arguments: [
    ("plan --have '3g.40gb@0:running' --want 7g.80gb", 5, "no room without draining 3g.40gb@0"),
    ("plan --want 7g.80gb,1g.10gb", 65, "no A100-80GB can hold them together"),
    ("plan --want 7g.40gb", 65, "--want 7g.40gb: A100-80GB has no such profile"),
    ("plan --have 3g.40gb@1 --want 1g.10gb", 65, "3g.40gb@1 cannot lie there"),
    ("plan --have 3g.40gb@0:busy --want 1g.10gb", 65, "--have 3g.40gb@0:busy: expected PROFILE@START"),
    ("layouts --model B9", 65, "--model B9: no MIG geometry is known"),
    ("sweep --loads 80,x", 64, "--loads 80,x: expected whole percents"),
  ]) func badInputIsNamed(arguments: String, status: Int, message: String) throws {
    let outcome = try Shell()("dsl gpu mig \(arguments)")
    #expect(outcome.status == status && outcome.err.contains(message), "\(outcome.status) \(outcome.err)")
    #expect(outcome.out.isEmpty)
  }
}
