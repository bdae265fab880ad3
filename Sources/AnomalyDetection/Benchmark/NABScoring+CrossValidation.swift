import DSLBase

extension NABScoring {
  /// What a threshold that was chosen on one half of the series scores on the other half, over random halves.
  ///
  /// - Parameters:
  ///   - rounds: how many times the corpus is cut in two; each half is scored once.
  ///   - seed: of the cuts.
  /// - Returns: the mean, weighted by the windows of the half, and the standard deviation over halves.
  package func crossValidated(
    _ corpus: [LabelledSeries], scores: [[Double]], rounds: Int, seed: UInt64
  ) -> (mean: Double, deviation: Double) {
    var random = SplitMix64(seed: seed)
    var results: [(score: Double, weight: Double)] = []
    for _ in 0..<rounds {
      let order = corpus.indices.shuffled(using: &random)
      let halves = [order.prefix(order.count / 2), order.dropFirst(order.count / 2)]
      for (chosen, scored) in [(halves[0], halves[1]), (halves[1], halves[0])] {
        let threshold = best(chosen.map { corpus[$0] }, scores: chosen.map { scores[$0] }).threshold
        let half = scored.map { corpus[$0] }
        let weight = Double(half.reduce(0) { $0 + $1.windows.count })
        if weight == 0 { continue }
        results.append((score(half, scores: scored.map { scores[$0] }, threshold: threshold), weight))
      }
    }
    let total = results.reduce(0) { $0 + $1.weight }
    let mean = results.reduce(0) { $0 + $1.score * $1.weight } / total
    let average = results.reduce(0) { $0 + $1.score } / Double(results.count)
    let variance =
      results.reduce(0) { $0 + ($1.score - average) * ($1.score - average) } / Double(results.count)
    return (mean, variance.squareRoot())
  }
}
