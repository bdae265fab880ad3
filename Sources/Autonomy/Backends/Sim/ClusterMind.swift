import ClusterSim
import DSLBase
import DecisionEngine

/// What the loop decides on a cluster in a turn: engine and gates, without files, journal and people.
struct ClusterMind: Sendable {
  let engine: DecisionEngine
  let gates: GateSettings

  /// What came of a turn.
  struct Turn: Sendable {
    /// What was seen, scored.
    var observation: Observation
    var set: DecisionSet
    var verdicts: [Verdict]
    /// The decision that makes the step; `nil` where it is spent waiting.
    var decision: Decision?
    var action: Action
    /// Why a decision that passed cannot be carried out, as a sentence.
    var problem: String?
  }

  /// - Parameters:
  ///   - episode: its number.
  ///   - cycle: the cycle's id.
  ///   - past: what the gates remember.
  func turn(
    _ gauges: ClusterGauges, episode: Int, at time: Timestamp, cycle: String, past: [PastActionFact] = []
  ) -> Turn {
    let seen = engine.assess(ClusterObservation.make(gauges, episode: episode, at: time))
    let set = engine.decide(seen, cycle: cycle)
    let verdicts = Gate.judge(set.decisions, settings: gates, history: GateHistory(past: past), now: time)
    var turn = Turn(
      observation: seen, set: set, verdicts: verdicts, action: .waiting(step: gauges.step))
    guard let decision = verdicts.first(where: { $0.refusal == nil })?.decision else { return turn }
    do throws(DSLError) {
      switch try ClusterChoice(decision, gauges) {
      case .act(let action): (turn.decision, turn.action) = (decision, action)
      case .nothing: break
      }
    } catch {
      turn.problem = error.message
    }
    return turn
  }
}
