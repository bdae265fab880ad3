/// A sentence with `{name}` holes; `{{` and `}}` stand for single braces.
struct Template: Sendable, Equatable {
  enum Part: Sendable, Equatable {
    case text(String)
    case hole(String)
  }

  let parts: [Part]

  /// Reads a template.
  ///
  /// - Throws: a brace without its partner, or an empty hole.
  init(_ text: String) throws(ExpressionError) {
    var parts: [Part] = []
    var literal = ""
    var rest = text[...]
    func offset() -> Int { text.distance(from: text.startIndex, to: rest.startIndex) }
    while let character = rest.first {
      if character == "{" || character == "}", rest.dropFirst().first == character {
        literal.append(character)
        rest = rest.dropFirst(2)
      } else if character == "{" {
        guard let close = rest.firstIndex(of: "}") else {
          throw ExpressionError(reason: "\"{\" is not closed", offset: offset())
        }
        let name = rest[rest.index(after: rest.startIndex)..<close]
        if name.isEmpty { throw ExpressionError(reason: "\"{}\" names nothing", offset: offset()) }
        if !literal.isEmpty { parts.append(.text(literal)) }
        literal = ""
        parts.append(.hole(String(name)))
        rest = rest[rest.index(after: close)...]
      } else if character == "}" {
        throw ExpressionError(reason: "\"}\" was not opened; write \"}}\" for a brace", offset: offset())
      } else {
        literal.append(character)
        rest = rest.dropFirst()
      }
    }
    if !literal.isEmpty { parts.append(.text(literal)) }
    self.parts = parts
  }

  /// The names of its holes, in order.
  var names: [String] {
    parts.compactMap { part in if case .hole(let name) = part { name } else { nil } }
  }

  /// The sentence with its holes filled.
  func filled(_ lookup: (String) -> String) -> String {
    parts.map { part in
      switch part {
      case .text(let text): text
      case .hole(let name): lookup(name)
      }
    }.joined()
  }
}
