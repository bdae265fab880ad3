/// What other tracing systems want passed on with a trace: the list of a `tracestate`, unchanged (W3C Trace
/// Context 3.3).
package struct TraceState: Sendable, Hashable {
  /// The list as text; empty when there is nothing to pass on.
  package let text: String

  /// Nothing to pass on.
  package init() { text = "" }

  /// Reads a list of at most 32 `key=value` members, separated by commas; empty members are left out.
  ///
  /// - Returns: `nil` when a key or value is not as the recommendation has it, or a key repeats.
  package init?(parsing text: String) {
    var members: [Substring] = []
    var keys: Set<Substring> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: true) {
      let member = part.trimmingBlanks()
      if member.isEmpty { continue }
      guard let equals = member.firstIndex(of: "="), Self.isKey(member[..<equals]),
        Self.isValue(member[member.index(after: equals)...]), keys.insert(member[..<equals]).inserted
      else { return nil }
      members.append(member)
    }
    guard members.count <= 32 else { return nil }
    self.text = members.joined(separator: ",")
  }

  /// `simple-key` or `tenant@system`, each beginning with a lower-case letter or digit.
  private static func isKey(_ key: Substring) -> Bool {
    let parts = key.split(separator: "@", omittingEmptySubsequences: false)
    switch parts.count {
    case 1: return isName(parts[0], limit: 256)
    case 2: return isName(parts[0], limit: 241) && isName(parts[1], limit: 14)
    default: return false
    }
  }

  private static func isName(_ name: Substring, limit: Int) -> Bool {
    func isAlphanumeric(_ byte: UInt8) -> Bool {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    guard (1...limit).contains(name.utf8.count), name.utf8.first.map(isAlphanumeric) == true else {
      return false
    }
    return name.utf8.allSatisfy { isAlphanumeric($0) || "_-*/".utf8.contains($0) }
  }

  /// 1 to 256 printable ASCII characters without comma and equals sign, the last one not a space.
  private static func isValue(_ value: Substring) -> Bool {
    (1...256).contains(value.utf8.count) && value.utf8.last != 0x20
      && value.utf8.allSatisfy {
        (0x20...0x7E).contains($0) && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "=")
      }
  }
}

extension Substring {
  /// Without spaces and tabs at either end.
  func trimmingBlanks() -> Substring {
    var rest = self
    while rest.first == " " || rest.first == "\t" { rest.removeFirst() }
    while rest.last == " " || rest.last == "\t" { rest.removeLast() }
    return rest
  }
}
