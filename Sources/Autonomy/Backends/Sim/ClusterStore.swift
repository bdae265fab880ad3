package import ClusterSim
package import Coordination
package import DSLBase

/// The file that holds the simulated cluster, and the files with its failures.
package struct ClusterStore: Sendable {
  /// Black boxes that are kept; those of the oldest episodes go first.
  private let boxLimit: Int
  private static let constantsLimit = 1 << 20

  package let directory: CoordinationDirectory
  /// As the settings describe the cluster.
  let settings: Settings.Sim
  private let fence: Fence?

  /// - Parameters:
  ///   - fence: of the leader that acts; what it changes is refused once another leads.
  ///   - boxLimit: how many black boxes are kept.
  package init(
    _ directory: CoordinationDirectory, _ settings: Settings.Sim, fence: Fence? = nil, boxLimit: Int = 100
  ) {
    (self.directory, self.settings) = (directory, settings)
    (self.fence, self.boxLimit) = (fence, boxLimit)
  }

  /// The cluster as its last step left it; the start of the first episode where none was made yet.
  ///
  /// - Throws: `corrupt` and `invalidInput` for a file that cannot be gone on with; `invalidInput` for settings that describe
  ///   no cluster, or another than the file's; `io`.
  package func load() throws(DSLError) -> SavedCluster {
    let beginning = try SavedCluster(configuration(), seed: settings.seed, first: settings.first)
    guard let bytes = try read(directory.cluster, limit: SavedCluster.limit) else { return beginning }
    let saved = try SavedCluster(bytes, name: directory.cluster)
    guard saved.configuration == beginning.configuration, saved.seed == settings.seed else {
      throw DSLError(
        .invalidInput, "\(directory.cluster) is of another cluster than the settings sim describe",
        fix: "set sim as it was, or begin anew by moving the file away")
    }
    return saved
  }

  /// The constants that the settings ask for.
  package func configuration() throws(DSLError) -> ClusterConfiguration {
    var changes = JSONObject()
    if let file = settings.config {
      let path = path(file)
      guard let bytes = try read(path, limit: Self.constantsLimit) else {
        throw DSLError(.notFound, "there is no file \(path)", fix: "set sim.config to a file with constants")
      }
      guard let object = (try? JSONParser.parse(bytes))?.object else {
        throw DSLError(.invalidInput, "\(path) is no object", fix: "give {\"leak\": 0.0007, …}")
      }
      changes = object
    }
    return try ClusterConfiguration(
      preset: settings.preset, size: settings.size, changes: changes, prefix: "sim.")
  }

  /// A file that a setting names.
  func path(_ name: String) -> String { name.hasPrefix("/") ? name : "\(directory.path)/\(name)" }

  /// The bytes of a file; `nil` where there is none.
  func read(_ path: String, limit: Int) throws(DSLError) -> [UInt8]? {
    do throws(FileError) {
      guard try directory.files.status(path) != nil else { return nil }
      return try directory.files.read(path, limit: limit)
    } catch {
      throw error.asDSLError
    }
  }

  /// Puts a state in place of the one before, durably: one or the other is there, whenever the process ends.
  ///
  /// - Throws: `superseded`, `io`.
  func commit(_ cluster: SavedCluster) throws(DSLError) {
    let bytes = cluster.json.serialized(.compact) + [0x0A]
    let (folder, file) = (directory.state + "/sim", directory.cluster)
    let files = directory.files
    try fenced { () throws(DSLError) in
      do throws(FileError) {
        try AtomicFile.makeDirectory(files, directory.state)
        try AtomicFile.makeDirectory(files, folder)
      } catch {
        throw error.asDSLError
      }
      try AtomicFile.commit(files, file, bytes)
    }
  }

  /// Writes the record of an episode that failed, and removes those of episodes long ago. Writing it twice leaves one.
  ///
  /// - Parameter policy: who acted.
  /// - Returns: its path.
  @discardableResult
  func keepBox(_ cluster: SavedCluster, _ policy: ActingPolicy) throws(DSLError) -> String {
    let box = try cluster.episode.blackBox(policy: policy.name, policyDigest: policy.digest)
    let bytes = box.bytes
    let path = boxPath(cluster)
    let (files, folder) = (directory.files, directory.blackBoxes)
    try fenced { () throws(DSLError) in
      do throws(FileError) { try AtomicFile.makeDirectory(files, folder) } catch { throw error.asDSLError }
      try AtomicFile.commit(files, path, bytes)
    }
    for name in try boxes() {
      guard let number = Int(name.prefix { $0 != "-" }), number <= cluster.number - boxLimit else {
        continue
      }
      do throws(FileError) { try files.remove("\(folder)/\(name)") } catch { throw error.asDSLError }
    }
    return path
  }

  /// Where the record of the episode is or would be.
  func boxPath(_ cluster: SavedCluster) -> String {
    "\(directory.blackBoxes)/\(cluster.number)-\(BlackBox.text(cluster.episode.key)).blackbox.json"
  }

  /// One of the records.
  ///
  /// - Parameter name: one of ``boxes()``.
  /// - Throws: `notFound`, `io`; `corrupt` for a file that is cut or edited; `invalidInput` for one of another version.
  package func box(_ name: String) throws(DSLError) -> BlackBox {
    let path = "\(directory.blackBoxes)/\(name)"
    guard let bytes = try read(path, limit: BlackBox.limit) else {
      throw DSLError(.notFound, "there is no file \(path)")
    }
    guard let json = try? JSONParser.parse(bytes) else {
      throw DSLError(.corrupt, "\(path) is no whole JSON", fix: "it is a record of what happened: remove it")
    }
    return try BlackBox(json, name: path)
  }

  /// What is another when the record is; `nil` where there is none.
  package func stamp(ofBox name: String) throws(DSLError) -> String? {
    do throws(FileError) {
      return try directory.files.status("\(directory.blackBoxes)/\(name)").map {
        "\(name) \($0.inode) \($0.size) \($0.modified)"
      }
    } catch {
      throw error.asDSLError
    }
  }

  /// The names of the records, in order; none where there is no folder for them.
  package func boxes() throws(DSLError) -> [String] {
    var names: [String] = []
    do {
      guard try directory.files.status(directory.blackBoxes) != nil else { return [] }
      try directory.files.walk(directory.blackBoxes) { entry in
        names.append(String(decoding: entry.name, as: UTF8.self))
      }
    } catch let error as FileError {
      throw error.asDSLError
    } catch {
      throw DSLError(.internalError, "walking \(directory.blackBoxes) failed", cause: "\(error)")
    }
    return names.filter { $0.hasSuffix(".blackbox.json") }.sorted()
  }

  private func fenced(_ body: () throws(DSLError) -> Void) throws(DSLError) {
    guard let fence else { return try body() }
    try fence.protect(body)
  }
}
