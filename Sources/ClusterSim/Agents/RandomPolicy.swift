/// Every action as likely as any other, drawn from the episode's key, the step and a seed.
package struct RandomPolicy: Policy {
  package let name = "random"
  let seed: UInt64

  package init(seed: UInt64 = 0) { self.seed = seed }

  package func act(_ i: Int, _ sight: Sight) -> UInt8 {
    UInt8(policyDraw(sight.key, step: sight.step, seed: seed)[0] >> 29)
  }
}
