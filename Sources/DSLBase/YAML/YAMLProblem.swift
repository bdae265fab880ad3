/// One thing wrong with a YAML file, and where.
package struct YAMLProblem: Sendable, Equatable, CustomStringConvertible {
  /// The file's name as the user gave it.
  package let file: String
  /// Line, from 1.
  package let line: Int
  /// Column, from 1.
  package let column: Int
  /// Where in the document: `rules[2].when`; empty for the root or when the text is not YAML at all.
  package let path: String
  /// What is wrong, as a phrase.
  package let reason: String

  /// A problem at a place.
  package init(file: String, line: Int, column: Int, path: String, reason: String) {
    self.file = file
    self.line = line
    self.column = column
    self.path = path
    self.reason = reason
  }

  /// `file:line:column: path: reason`, which editors and CI systems make clickable.
  package var description: String {
    "\(file):\(line):\(column): " + (path.isEmpty ? "" : path + ": ") + reason
  }
}

extension DSLError {
  /// All problems of one file as a single `invalid_input` error, one line each, at most 20 of them.
  package init(_ problems: [YAMLProblem]) {
    let shown = problems.prefix(20).map(\.description)
    let rest = problems.count - shown.count
    let lines = rest > 0 ? shown + ["and \(rest) more"] : shown
    self.init(.invalidInput, lines.joined(separator: "\n"))
  }
}
