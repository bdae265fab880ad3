import DSLBase

/// Writes a tar archive in POSIX pax form, which GNU tar, bsdtar and busybox read.
struct TarWriter {
  private let sink: (ArraySlice<UInt8>) throws -> Void
  /// Bytes of the entry under way that are still to come.
  private var missing: Int64 = 0
  private var padding = 0

  init(_ sink: @escaping (ArraySlice<UInt8>) throws -> Void) { self.sink = sink }

  /// A remark about the whole archive, which other programs pass over; `TarReader.comment` finds it.
  func comment(_ text: String) throws { try extended("g", name: "pax_global_header", [("comment", text)]) }

  /// Begins an entry; `append` what `size` promises, then `end`.
  mutating func begin(_ entry: TarEntry) throws {
    var path = entry.path
    if entry.kind == .directory { path += "/" }
    var records: [(String, String)] = []
    if path.utf8.count > TarHeader.nameLimit { records.append(("path", path)) }
    if entry.size > TarHeader.sizeLimit { records.append(("size", String(entry.size))) }
    if entry.modified < 0 || entry.modified > TarHeader.sizeLimit {
      records.append(("mtime", String(entry.modified)))
    }
    if entry.owner > 0o7777777 { records.append(("uid", String(entry.owner))) }
    if entry.group > 0o7777777 { records.append(("gid", String(entry.group))) }
    if !records.isEmpty { try extended("x", name: "PaxHeader", records) }
    try sink(
      TarHeader.block(
        type: entry.kind == .directory ? "5" : "0", name: path.utf8, size: entry.size,
        permissions: entry.permissions, modified: entry.modified, owner: entry.owner, group: entry.group)[...]
    )
    missing = entry.size
    padding = Self.padding(entry.size)
  }

  /// The next piece of the content.
  ///
  /// - Throws: `internalError` for more than was promised; what the sink throws.
  mutating func append(_ bytes: ArraySlice<UInt8>) throws {
    guard Int64(bytes.count) <= missing else {
      throw DSLError(.internalError, "an entry of the archive is longer than its header says")
    }
    missing -= Int64(bytes.count)
    try sink(bytes)
  }

  /// Ends the entry.
  mutating func end() throws {
    guard missing == 0 else {
      throw DSLError(.internalError, "an entry of the archive is shorter than its header says")
    }
    try sink([UInt8](repeating: 0, count: padding)[...])
  }

  /// Ends the archive: two blocks of zeros.
  func finish() throws { try sink([UInt8](repeating: 0, count: 2 * TarHeader.blockSize)[...]) }

  private func extended(_ type: Character, name: String, _ records: [(String, String)]) throws {
    let body = records.flatMap { TarHeader.record($0.0, Array($0.1.utf8)) }
    try sink(TarHeader.block(type: type, name: name.utf8, size: Int64(body.count))[...])
    try sink(body[...])
    try sink([UInt8](repeating: 0, count: Self.padding(Int64(body.count)))[...])
  }

  /// Zeros that fill the last block.
  static func padding(_ size: Int64) -> Int {
    Int((Int64(TarHeader.blockSize) - size % Int64(TarHeader.blockSize)) % Int64(TarHeader.blockSize))
  }
}
