import DSLBase

/// A disk between what it must hold and what programs see: every change that no `fsync` covers may have reached it or not.
///
/// The rules are those of ALICE (Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014), taken pessimistically:
/// - content that was not synced is there, or is as at the last sync, or ends in the middle of the change, or is zeros of
///   the right length;
/// - each change of a directory's entries reaches the disk or not, whatever the others do; a rename within one directory is
///   one change, between two directories it is two: the new name, and the old one's end, which no file system writes by
///   itself before the new name, but an `fsync` of that directory alone does;
/// - `fsync` of a file says nothing about its name, that of a directory nothing about the content of its files, nor about
///   its own name;
/// - transactions of a database reach the disk in their order; those that need not outlive a power failure may be missing
///   back to the last one that must.
struct CrashModel {
  typealias DatabaseImage = RecordingFileSystem.DatabaseImage

  private struct Node {
    var isDirectory: Bool
    var entries: [String: Int] = [:]
    var durableEntries: [String: Int] = [:]
    var content: [UInt8] = []
    var durable: [UInt8] = []
    var isSynced = true
  }

  /// Names that one directory's entries get at once; `nil` for those that go.
  private struct Change {
    var directory: Int
    var names: [(name: String, node: Int?)]
    var serial = 0
    /// The change without which this one does not reach the disk, unless that was synced by itself.
    var needs: Int?
  }

  private struct Track {
    var directory: Int
    var name: String
    /// What it was after each transaction, the oldest that may be found first; `nil` before it existed.
    var versions: [(serial: Int, image: DatabaseImage?)]
  }

  private let root: String
  private var nodes = [Node(isDirectory: true)]
  private var changes: [Change] = []
  private var tracks: [Track] = []
  private var serial = 0
  private var unsynced: [Int] = []

  /// A disk on which all of the image is durable.
  ///
  /// - Parameter root: what paths of operations begin with.
  init(_ image: DiskImage, root: String) {
    self.root = root
    for path in image.directories { apply(.makeDirectory("\(root)/\(path)")) }
    for (path, content) in image.files.sorted(by: { $0.key < $1.key }) {
      apply(.create("\(root)/\(path)"))
      apply(.write("\(root)/\(path)", content))
    }
    for (path, database) in image.databases.sorted(by: { $0.key < $1.key }) {
      apply(.commit("\(root)/\(path)", database, durable: true))
    }
    for index in nodes.indices {
      nodes[index].durable = nodes[index].content
      nodes[index].durableEntries = nodes[index].entries
      nodes[index].isSynced = true
    }
    changes = []
    unsynced = []
  }

  // MARK: What happens

  mutating func apply(_ operation: RecordingFileSystem.Operation) {
    switch operation {
    case .create(let path): make(path, Node(isDirectory: false))
    case .makeDirectory(let path): make(path, Node(isDirectory: true))
    case .write(let path, let content):
      guard let node = node(path) else { return }
      if nodes[node].isSynced { unsynced.append(node) }
      nodes[node].content = content
      nodes[node].isSynced = false
    case .syncFile(let path):
      guard let node = node(path) else { return }
      nodes[node].durable = nodes[node].content
      nodes[node].isSynced = true
      unsynced.removeAll { $0 == node }
    case .syncDirectory(let path):
      guard let node = node(path) else { return }
      nodes[node].durableEntries = nodes[node].entries
      changes.removeAll { $0.directory == node }
    case .rename(let from, let to): rename(from, to)
    case .link(let from, let to):
      guard let node = node(from), let (directory, name) = place(to) else { return }
      change(directory, [(name, node)])
    case .exchange(let first, let second): exchange(first, second)
    case .remove(let path):
      guard let (directory, name) = place(path) else { return }
      change(directory, [(name, nil)])
    case .commit(let path, let image, let durable): commit(path, image, durable)
    case .tell: break
    }
  }

  private mutating func make(_ path: String, _ node: Node) {
    guard let (directory, name) = place(path) else { return }
    nodes.append(node)
    change(directory, [(name, nodes.count - 1)])
  }

  private mutating func rename(_ from: String, _ to: String) {
    guard let (target, targetName) = place(to) else { return }
    guard let (source, sourceName) = place(from), let moved = nodes[source].entries[sourceName] else {
      moveDatabase(from, to)
      return
    }
    if source == target {
      change(target, [(targetName, moved), (sourceName, nil)])
    } else {
      change(target, [(targetName, moved)])
      change(source, [(sourceName, nil)], needs: serial)
    }
  }

  /// One change within a directory; between two, each may come without the other.
  private mutating func exchange(_ first: String, _ second: String) {
    guard let one = place(first), let other = place(second), let a = node(first), let b = node(second) else {
      return
    }
    if one.directory == other.directory {
      change(one.directory, [(one.name, b), (other.name, a)])
    } else {
      change(one.directory, [(one.name, b)])
      change(other.directory, [(other.name, a)])
    }
  }

  private mutating func moveDatabase(_ from: String, _ to: String) {
    guard let (source, sourceName) = place(from), let (target, targetName) = place(to) else { return }
    for index in tracks.indices where tracks[index].directory == source && tracks[index].name == sourceName {
      (tracks[index].directory, tracks[index].name) = (target, targetName)
    }
  }

  private mutating func change(
    _ directory: Int, _ names: [(name: String, node: Int?)], needs: Int? = nil
  ) {
    for (name, node) in names { nodes[directory].entries[name] = node }
    serial += 1
    changes.append(Change(directory: directory, names: names, serial: serial, needs: needs))
  }

  private mutating func commit(_ path: String, _ image: DatabaseImage, _ durable: Bool) {
    guard let (directory, name) = place(path) else { return }
    serial += 1
    var index = tracks.firstIndex { $0.directory == directory && $0.name == name }
    if index == nil {
      tracks.append(Track(directory: directory, name: name, versions: [(0, nil)]))
      index = tracks.count - 1
    }
    guard let index else { return }
    if durable { tracks[index].versions = [] }
    tracks[index].versions.append((serial, image))
  }

  // MARK: What may be found

  /// How many ways there are to lose something; saturates.
  var combinations: Int {
    radices.reduce(1) { product, radix in
      let (value, overflow) = product.multipliedReportingOverflow(by: radix)
      return overflow ? .max : value
    }
  }

  /// The number of choices of each thing that may be lost: changes of names, contents, databases.
  private var radices: [Int] {
    changes.map { _ in 2 } + unsynced.map { contents($0).count } + tracks.map(\.versions.count)
  }

  /// The choice of this number; the last one is what programs see, the first what `fsync` promises.
  func digits(_ number: Int) -> [Int] {
    var rest = number
    return radices.map { radix in
      defer { rest /= radix }
      return rest % radix
    }
  }

  /// A choice at random.
  func digits(using generator: inout SplitMix64) -> [Int] {
    radices.map { Int.random(in: 0..<$0, using: &generator) }
  }

  /// The choice where nothing is lost, and the one where everything is that may be.
  var extremes: [[Int]] { [radices.map { $0 - 1 }, radices.map { _ in 0 }] }

  /// What the disk holds for a choice, and a text that is the same for the same holdings.
  func image(_ digits: [Int]) -> (image: DiskImage, key: String) {
    var entries = nodes.map(\.durableEntries)
    var missing: Set<Int> = []
    for (change, digit) in zip(changes, digits) {
      guard digit == 1, change.needs.map({ !missing.contains($0) }) ?? true else {
        missing.insert(change.serial)
        continue
      }
      for (name, node) in change.names { entries[change.directory][name] = node }
    }
    var content: [Int: [UInt8]] = [:]
    for (node, digit) in zip(unsynced, digits.dropFirst(changes.count)) {
      content[node] = contents(node)[digit]
    }
    let versions = Array(digits.dropFirst(changes.count + unsynced.count))
    var (image, key) = (DiskImage(), "")
    collect(0, "", entries, content, versions, into: &image, &key)
    return (image, key)
  }

  private func collect(
    _ directory: Int, _ below: String, _ entries: [[String: Int]], _ content: [Int: [UInt8]],
    _ versions: [Int], into image: inout DiskImage, _ key: inout String
  ) {
    for (track, version) in zip(tracks, versions) where track.directory == directory {
      guard let database = track.versions[version].image else { continue }
      image.databases[below + track.name] = database
      key += "\(below)\(track.name)=\(track.versions[version].serial)\n"
    }
    for (name, node) in entries[directory].sorted(by: { $0.key < $1.key }) {
      let path = below + name
      // Written as a file and then worked on by SQLite, as by a restore.
      guard image.databases[path] == nil else { continue }
      guard nodes[node].isDirectory else {
        let bytes = content[node] ?? nodes[node].durable
        image.files[path] = bytes
        key += "\(path)=\(String(decoding: bytes, as: UTF8.self))\n"
        continue
      }
      image.directories.append(path)
      key += path + "/\n"
      collect(node, path + "/", entries, content, versions, into: &image, &key)
    }
  }

  /// What may be found in a file that was not synced, the present content last.
  private func contents(_ node: Int) -> [[UInt8]] {
    let (old, new) = (nodes[node].durable, nodes[node].content)
    let common = zip(old, new).prefix { $0 == $1 }.count
    let torn = Array(new[..<(common + (new.count - common) / 2)])
    let zeros = [UInt8](repeating: 0, count: new.count)
    var found: [[UInt8]] = []
    for content in [old, torn, zeros, new] where content != new && !found.contains(content) {
      found.append(content)
    }
    return found + [new]
  }

  // MARK: Paths

  private func place(_ path: String) -> (directory: Int, name: String)? {
    var parts = path.dropFirst(root.count).split(separator: "/").map(String.init)
    guard path.hasPrefix(root), let name = parts.popLast() else { return nil }
    var directory = 0
    for part in parts {
      guard let next = nodes[directory].entries[part] else { return nil }
      directory = next
    }
    return (directory, name)
  }

  private func node(_ path: String) -> Int? {
    if path == root { return 0 }
    return place(path).flatMap { nodes[$0.directory].entries[$0.name] }
  }
}
