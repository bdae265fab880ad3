package import DSLBase

/// Ids that a replay finds again.
package enum DecisionID {
  /// `d-` and 16 hex digits: FNV-1a in 64 bits over the UTF-8 of cycle, rule, type and target, each followed by a
  /// byte 0x1F, so that no two lists of fields read the same (http://www.isthe.com/chongo/tech/comp/fnv/).
  package static func make(cycle: String, rule: String, type: DecisionType, target: String) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for field in [cycle, rule, type.rawValue, target] {
      for byte in field.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
      hash = (hash ^ 0x1F) &* 0x100_0000_01B3
    }
    let digits = String(hash, radix: 16)
    return "d-" + String(repeating: "0", count: 16 - digits.count) + digits
  }
}
