package import Coordination
package import DSLBase
package import DecisionEngine

/// Where a policy comes from: one that ships, by name, or a file.
package struct PolicySource: Sendable {
  private static let sizeLimit = 1 << 20
  private let name: String
  private let directory: CoordinationDirectory

  /// - Parameter name: `default`, `dslmodel`, or a path; a relative one is looked up in the coordination directory.
  package init(_ name: String, _ directory: CoordinationDirectory) {
    self.name = name
    self.directory = directory
  }

  /// The file that the name leads to; `nil` when it is the name of a policy that ships, or can be no other.
  package var file: String? {
    guard name.contains("/") || name.contains(".") else { return nil }
    return name.hasPrefix("/") ? name : "\(directory.path)/\(name)"
  }

  /// Reads the policy.
  ///
  /// - Parameters:
  ///   - types: decision types beside the known ones that it may propose, because somebody carries them out.
  ///   - catalog: the metrics that it may name.
  /// - Throws: `notFound` when there is neither such a name nor such a file; `invalidInput` with every problem in it.
  package func load(types: [DecisionType] = [], catalog: MetricCatalog = .standard) throws -> Policy {
    if Policy.builtInTexts.contains(where: { $0.name == name }) { return try Policy.builtIn(name) }
    guard let path = file else { return try Policy.builtIn(name) }
    let bytes: [UInt8]
    do throws(FileError) { bytes = try directory.files.read(path, limit: Self.sizeLimit) } catch {
      throw error.asDSLError
    }
    return try Policy(
      yaml: String(decoding: bytes, as: UTF8.self), file: path, catalog: catalog,
      types: DecisionType.all + types.filter { !DecisionType.all.contains($0) })
  }

  /// Names a policy text in the journal: FNV-1a in 64 bits, 16 hex digits. It tells texts apart; it proves nothing.
  package static func hash(_ text: String) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
