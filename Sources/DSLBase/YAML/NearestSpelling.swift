/// Finds the known word that someone most likely meant.
package enum NearestSpelling {
  /// The candidate with the smallest edit distance to `word`, if it is close enough to be worth proposing.
  ///
  /// Close enough is one edit for every three characters, at least two for words of four characters and more.
  /// Of several at the same distance the first wins, so the answer depends on the order of `candidates` only.
  package static func of(_ word: String, among candidates: [String]) -> String? {
    let letters = Array(word.lowercased().utf8.prefix(64))
    let allowed = letters.count < 4 ? 1 : max(2, letters.count / 3)
    var best: (word: String, distance: Int)?
    for candidate in candidates {
      let distance = distance(letters, Array(candidate.lowercased().utf8.prefix(64)))
      if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.word
  }

  /// `, did you mean "…"?` or, when nothing is close, the list of what is known.
  package static func hint(for word: String, among candidates: [String]) -> String {
    if let near = of(word, among: candidates) { return ", did you mean \"\(near)\"?" }
    return candidates.isEmpty ? "" : "; known: " + candidates.joined(separator: ", ")
  }

  /// Levenshtein distance with neighbouring transpositions counted as one edit (optimal string alignment).
  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
        row.append(cost)
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }
}
