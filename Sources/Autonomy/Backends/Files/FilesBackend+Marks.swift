import Coordination
package import DSLBase

extension FilesBackend {
  private static let markLimit = 64 << 20

  /// The digest of an item's record: an approval of what is done to an item ends when the item changes.
  package func mark(of step: EffectStep) async -> String? {
    guard step.action.hasSuffix("_item"), CoordinationDirectory.isSafe(id: step.target) else { return nil }
    let path = directory.record(.work, step.target)
    return (try? directory.files.read(path, limit: Self.markLimit)).map { SHA256.hex(of: $0) }
  }
}
