import DSLBase
import Glibc

/// The inodes of an `InMemoryFileSystem`, each with its present state and the state that would survive a power loss.
struct MemoryTree: Sendable {
  struct Node: Sendable {
    var status: FileStatus
    var content: [UInt8] = []
    var entries: [String: UInt64] = [:]
    var durableContent: [UInt8] = []
    var durableEntries: [String: UInt64] = [:]
  }

  private static let root: UInt64 = 1
  private var nodes: [UInt64: Node] = [:]
  private var lastInode = Self.root
  /// Locks by inode: -1 held exclusively, else the number of holders.
  private var locks: [UInt64: Int] = [:]

  init() {
    let status = FileStatus(
      kind: .directory, inode: Self.root, size: 0, modified: 0, changed: 0,
      permissions: Self.permissions(.directory))
    nodes[Self.root] = Node(status: status)
  }

  // MARK: Looking

  func node(_ path: String) -> Node? { inode(path).flatMap { nodes[$0] } }

  func names(in directory: String) throws(FileError) -> [String] {
    guard let node = node(directory) else { throw Posix.error("open", directory, missing(directory)) }
    guard node.status.kind == .directory else { throw Posix.error("open", directory, ENOTDIR) }
    return node.entries.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  func content(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
    let node = try existing(path, "open")
    switch node.status.kind {
    case .file: break
    case .symbolicLink: throw Posix.error("open", path, ELOOP)
    case .directory, .other: throw Posix.error("read", path, EINVAL)
    }
    guard node.content.count <= limit else { throw Posix.error("read", path, EFBIG) }
    return node.content
  }

  // MARK: Changing

  mutating func create(
    _ path: String, _ kind: FileStatus.Kind, _ operation: String, _ now: Timestamp
  ) throws(FileError) -> UInt64 {
    let (parent, name) = try parent(of: path, operation)
    guard nodes[parent]?.entries[name] == nil else { throw Posix.error(operation, path, EEXIST) }
    lastInode += 1
    let time = now.nanoseconds
    nodes[lastInode] = Node(
      status: FileStatus(
        kind: kind, inode: lastInode, size: 0, modified: time, changed: time,
        permissions: Self.permissions(kind)))
    nodes[parent]?.entries[name] = lastInode
    return lastInode
  }

  /// What the machine's file system gives a new entry under the usual umask of 022.
  private static func permissions(_ kind: FileStatus.Kind) -> UInt16 {
    switch kind {
    case .directory: 0o755
    case .symbolicLink: 0o777
    case .file, .other: 0o644
    }
  }

  mutating func setAttributes(
    _ path: String, permissions: UInt16, owner: UInt32?, modified: Int64? = nil
  ) throws(FileError) {
    let inode = try existing(path, "chmod").status.inode
    nodes[inode]?.status.permissions = permissions
    if let owner { nodes[inode]?.status.owner = owner }
    if let modified { nodes[inode]?.status.modified = modified }
  }

  mutating func link(_ from: String, _ to: String) throws(FileError) {
    let node = try existing(from, "link")
    let (parent, name) = try parent(of: to, "link")
    guard nodes[parent]?.entries[name] == nil else { throw Posix.error("link", to, EEXIST) }
    guard node.status.kind != .directory else { throw Posix.error("link", to, EPERM) }
    nodes[parent]?.entries[name] = node.status.inode
  }

  mutating func exchange(_ first: String, _ second: String) throws(FileError) {
    let (a, b) = (try existing(first, "renameat2"), try existing(second, "renameat2"))
    let (left, leftName) = try parent(of: first, "renameat2")
    let (right, rightName) = try parent(of: second, "renameat2")
    nodes[left]?.entries[leftName] = b.status.inode
    nodes[right]?.entries[rightName] = a.status.inode
  }

  mutating func removeDirectory(_ path: String) throws(FileError) {
    let (parent, name) = try parent(of: path, "rmdir")
    let node = try existing(path, "rmdir")
    guard node.status.kind == .directory else { throw Posix.error("rmdir", path, ENOTDIR) }
    guard node.entries.isEmpty else { throw Posix.error("rmdir", path, ENOTEMPTY) }
    nodes[parent]?.entries[name] = nil
  }

  mutating func write(
    _ path: String, exclusive: Bool, _ now: Timestamp, change: (inout [UInt8]) -> Void
  ) throws(FileError) {
    let target: UInt64
    if let found = inode(path), let kind = nodes[found]?.status.kind {
      if exclusive { throw Posix.error("open", path, EEXIST) }
      switch kind {
      case .file: target = found
      case .directory: throw Posix.error("open", path, EISDIR)
      case .symbolicLink: throw Posix.error("open", path, ELOOP)
      case .other: throw Posix.error("open", path, ENXIO)
      }
    } else {
      target = try create(path, .file, "open", now)
    }
    guard var node = nodes[target] else { return }
    change(&node.content)
    node.status.size = Int64(node.content.count)
    node.status.modified = now.nanoseconds
    node.status.changed = now.nanoseconds
    nodes[target] = node
  }

  mutating func rename(_ from: String, _ to: String, exclusive: Bool, _ now: Timestamp) throws(FileError) {
    let operation = exclusive ? "renameat2" : "rename"
    let (source, sourceName) = try parent(of: from, operation)
    let (target, targetName) = try parent(of: to, operation)
    guard let moved = nodes[source]?.entries[sourceName], let kind = nodes[moved]?.status.kind else {
      throw Posix.error(operation, from, ENOENT)
    }
    if let present = nodes[target]?.entries[targetName], let presentKind = nodes[present]?.status.kind {
      if exclusive { throw Posix.error(operation, to, EEXIST) }
      if present == moved { return }
      if presentKind == .directory, kind != .directory { throw Posix.error(operation, from, EISDIR) }
      if kind == .directory, presentKind != .directory { throw Posix.error(operation, from, ENOTDIR) }
      if presentKind == .directory, nodes[present]?.entries.isEmpty == false {
        throw Posix.error(operation, from, ENOTEMPTY)
      }
    }
    nodes[source]?.entries[sourceName] = nil
    nodes[target]?.entries[targetName] = moved
    nodes[moved]?.status.changed = now.nanoseconds
  }

  mutating func remove(_ path: String) throws(FileError) {
    let (parent, name) = try parent(of: path, "unlink")
    let node = try existing(path, "unlink")
    guard node.status.kind != .directory else { throw Posix.error("unlink", path, EISDIR) }
    nodes[parent]?.entries[name] = nil
  }

  // MARK: Durability

  mutating func sync(file path: String) throws(FileError) {
    let node = try existing(path, "open")
    nodes[node.status.inode]?.durableContent = node.content
  }

  mutating func sync(directory path: String) throws(FileError) {
    let node = try existing(path, "open")
    guard node.status.kind == .directory else { throw Posix.error("open", path, ENOTDIR) }
    nodes[node.status.inode]?.durableEntries = node.entries
  }

  /// The tree that only durable entries lead to, with durable content.
  func durable() -> MemoryTree {
    var tree = self
    tree.locks = [:]
    tree.nodes = nodes.mapValues { node in
      var node = node
      node.content = node.durableContent
      node.entries = node.durableEntries
      node.status.size = Int64(node.content.count)
      return node
    }
    return tree
  }

  // MARK: Locks

  /// - Returns: the inode to unlock, or `nil` when somebody else holds it.
  mutating func lock(_ path: String, exclusive: Bool) -> UInt64? {
    guard let inode = inode(path) else { return nil }
    let holders = locks[inode, default: 0]
    guard exclusive ? holders == 0 : holders >= 0 else { return nil }
    locks[inode] = exclusive ? -1 : holders + 1
    return inode
  }

  mutating func unlock(_ inode: UInt64) {
    let holders = locks[inode, default: 0]
    locks[inode] = holders > 1 ? holders - 1 : nil
  }

  // MARK: Paths

  private func inode(_ path: String) -> UInt64? {
    var current = Self.root
    for component in Self.components(path) {
      guard let next = nodes[current]?.entries[component] else { return nil }
      current = next
    }
    return current
  }

  private func existing(_ path: String, _ operation: String) throws(FileError) -> Node {
    guard let node = node(path) else { throw Posix.error(operation, path, missing(path)) }
    return node
  }

  private func parent(of path: String, _ operation: String) throws(FileError) -> (inode: UInt64, name: String)
  {
    var components = Self.components(path)
    guard let name = components.popLast() else { throw Posix.error(operation, path, EBUSY) }
    guard name.utf8.count <= 255 else { throw Posix.error(operation, path, ENAMETOOLONG) }
    guard let parent = inode(components.joined(separator: "/")), let kind = nodes[parent]?.status.kind else {
      throw Posix.error(operation, path, missing(path))
    }
    guard kind == .directory else { throw Posix.error(operation, path, ENOTDIR) }
    return (parent, name)
  }

  /// Why a path leads nowhere: something on the way is no directory, or is not there.
  private func missing(_ path: String) -> Int32 {
    var current = Self.root
    for component in Self.components(path) {
      guard let node = nodes[current], node.status.kind == .directory else { return ENOTDIR }
      guard let next = node.entries[component] else { return ENOENT }
      current = next
    }
    return ENOENT
  }

  private static func components(_ path: String) -> [String] {
    path.split(separator: "/").filter { $0 != "." }.map(String.init)
  }
}
