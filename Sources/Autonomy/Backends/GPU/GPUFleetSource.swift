package import Coordination
package import DSLBase
import GPUScheduling
import Synchronization

/// The files that describe a fleet: its cluster, its manifests, its profile; read again whenever they are asked for, and
/// parsed again when they changed.
package final class GPUFleetSource: Sendable {
  private static let sizeLimit = 64 << 20

  private struct Text: Sendable, Equatable {
    var path: String
    var bytes: [UInt8]
  }

  private let directory: CoordinationDirectory
  private let clusterFile: String
  private let manifestsFile: String
  private let profileFile: String?
  private let known = Mutex<(texts: [Text], fleet: GPUFleet)?>(nil)

  /// - Parameter settings: relative paths are in the coordination directory.
  /// - Throws: `invalidInput` when no cluster or no manifests are named.
  package init(_ settings: Settings.GPU, _ directory: CoordinationDirectory) throws(DSLError) {
    func path(_ name: String) -> String { name.hasPrefix("/") ? name : "\(directory.path)/\(name)" }
    func required(_ name: String?, _ key: String) throws(DSLError) -> String {
      if let name { return path(name) }
      throw DSLError(
        .invalidInput, "the backend gpu needs \(key), which is not set",
        fix: "in dsl.yaml: gpu: {cluster: cluster.yaml, manifests: manifests.yaml} (docs/gpu.md)")
    }
    self.directory = directory
    clusterFile = try required(settings.cluster, "gpu.cluster")
    manifestsFile = try required(settings.manifests, "gpu.manifests")
    profileFile = settings.profile.map(path)
  }

  /// The fleet as the files say it now.
  ///
  /// - Throws: `notFound`, `io`; `invalidInput` naming place and reason.
  package func fleet() throws -> GPUFleet {
    let texts = try [clusterFile, manifestsFile, profileFile].compactMap { try $0.map(read) }
    if let fleet = known.withLock({ $0?.texts == texts ? $0?.fleet : nil }) { return fleet }
    func text(_ text: Text) -> String { String(decoding: text.bytes, as: UTF8.self) }
    let cluster = try ClusterFile(text(texts[0]), file: texts[0].path).cluster
    let manifests = try ManifestReader.manifests(text(texts[1]), file: texts[1].path)
    let profile =
      try texts.count > 2
      ? SchedulingProfile(text(texts[2]), file: texts[2].path) : SchedulingProfile()
    let fleet = GPUFleet(cluster: cluster, profile: profile, pools: try ManifestSet(manifests).pools)
    known.withLock { $0 = (texts, fleet) }
    return fleet
  }

  private func read(_ path: String) throws(DSLError) -> Text {
    do throws(FileError) {
      return Text(path: path, bytes: try directory.files.read(path, limit: Self.sizeLimit))
    } catch {
      throw error.asDSLError
    }
  }
}
