import DSLBase

/// What is known of unchanged files, in memory: facts by inode, size and both times.
///
/// A file whose inode, size, mtime and ctime are as they were is taken to be unchanged; ctime cannot be set by programs.
/// Entries whose times lay within two seconds of the scan that read them were never stored, so a change within one tick of
/// the clock cannot hide. The index is a cache: any entry may be missing at any time.
struct RecordIndex {
  /// Packed entries of all shards, one after another.
  private(set) var known: [IndexEntry] = []
  /// Open addressing: position in `known` plus 1, or 0.
  private var slots: [UInt32] = []
  private var seen: [Bool] = []
  /// Entries read in this scan.
  private(set) var added: [IndexEntry] = []
  /// What a reader should know, a sentence each.
  private(set) var notes: [String] = []

  init() {}

  init(_ entries: [IndexEntry], notes: [String]) {
    self.notes = notes
    known = entries
    seen = Array(repeating: false, count: entries.count)
    guard !entries.isEmpty else { return }
    var capacity = 1
    while capacity < 2 * entries.count { capacity *= 2 }
    slots = Array(repeating: 0, count: capacity)
    for (position, entry) in entries.enumerated() {
      var slot = Self.hash(entry.inode) & (capacity - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (capacity - 1) }
      slots[slot] = UInt32(truncatingIfNeeded: position + 1)
    }
  }

  var isEmpty: Bool { known.isEmpty }

  /// What is known of a file, if it is as it was.
  mutating func find(_ status: FileStatus, _ kind: RecordKind) -> FactsReading? {
    guard !slots.isEmpty, status.kind == .file else { return nil }
    let mask = slots.count - 1
    var slot = Self.hash(status.inode) & mask
    while slots[slot] != 0 {
      let position = Int(slots[slot]) - 1
      if known[position].inode == status.inode {
        guard known[position].describes(status, kind) else { return nil }
        seen[position] = true
        return known[position].reading
      }
      slot = (slot + 1) & mask
    }
    return nil
  }

  /// Takes what was read from a file; problems are not kept, so that they are looked at anew each time.
  mutating func insert(_ status: FileStatus, _ kind: RecordKind, _ reading: FactsReading) {
    if let entry = IndexEntry(status, kind, reading) { added.append(entry) }
  }

  mutating func note(_ text: String) { notes.append(text) }

  /// The shards that have to be written, with all their entries: those that something was added to, and those more than a
  /// quarter of whose entries are of files that are gone.
  func changedShards() -> [(shard: Int, entries: [IndexEntry])] {
    var total = Array(repeating: 0, count: IndexEntry.shards)
    var gone = total
    var shards = Array(repeating: [IndexEntry]?.none, count: IndexEntry.shards)
    for (position, entry) in known.enumerated() {
      total[entry.shard] += 1
      if !seen[position] { gone[entry.shard] += 1 }
    }
    for shard in shards.indices where 4 * gone[shard] > total[shard] { shards[shard] = [] }
    for entry in added where shards[entry.shard] == nil { shards[entry.shard] = [] }
    for (position, entry) in known.enumerated() where seen[position] { shards[entry.shard]?.append(entry) }
    for entry in added { shards[entry.shard]?.append(entry) }
    return shards.enumerated().compactMap { shard, entries in entries.map { (shard, $0) } }
  }

  /// Fibonacci hashing: spreads inodes that follow one another.
  private static func hash(_ inode: UInt64) -> Int {
    Int(truncatingIfNeeded: (inode &* 0x9E37_79B9_7F4A_7C15) >> 32)
  }
}

/// One file in the index: 64 bytes, little-endian, as in memory.
struct IndexEntry: Equatable {
  static let shards = 128
  static let size = 64

  private(set) var inode: UInt64 = 0
  private var bytes: Int64 = 0
  private var modified: Int64 = 0
  private var changed: Int64 = 0
  private var time: Int64 = 0
  private var response: UInt64 = 0
  private var errors: UInt64 = 0
  /// Kind, status class, flags (1 zone assumed, 2 look-alike), 0, from the lowest byte up.
  private var codes: UInt64 = 0

  init?(_ status: FileStatus, _ kind: RecordKind, _ reading: FactsReading) {
    var facts = RecordFacts()
    var flags: UInt64 = 0
    switch reading {
    case .record(let read): facts = read
    case .lookalike: flags = 2
    case .problem: return nil
    }
    inode = status.inode
    bytes = status.size
    modified = status.modified
    changed = status.changed
    time = facts.time
    response = facts.responseMs.bitPattern
    errors = facts.errorRate.bitPattern
    if facts.zoneAssumed { flags |= 1 }
    codes = Self.code(kind) | UInt64(facts.status.rawValue) << 8 | flags << 16
  }

  /// Neighbouring inodes share a shard, so that new files change few of them.
  var shard: Int { Int(truncatingIfNeeded: inode >> 8) & (Self.shards - 1) }

  func describes(_ status: FileStatus, _ kind: RecordKind) -> Bool {
    inode == status.inode && bytes == status.size && modified == status.modified && changed == status.changed
      && codes & 0xFF == Self.code(kind)
  }

  var reading: FactsReading {
    if codes >> 16 & 2 != 0 { return .lookalike }
    return .record(
      RecordFacts(
        time: time, status: WorkStatus(rawValue: UInt8(truncatingIfNeeded: codes >> 8)) ?? .other,
        zoneAssumed: codes >> 16 & 1 != 0, responseMs: Double(bitPattern: response),
        errorRate: Double(bitPattern: errors)))
  }

  private static func code(_ kind: RecordKind) -> UInt64 {
    switch kind {
    case .agent: 1
    case .work: 2
    case .completed: 3
    case .failed: 4
    case .telemetry: 5
    }
  }

  // MARK: Packing

  /// The eight words in order.
  var words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) {
    (
      inode, UInt64(bitPattern: bytes), UInt64(bitPattern: modified), UInt64(bitPattern: changed),
      UInt64(bitPattern: time), response, errors, codes
    )
  }

  /// An entry of eight words.
  init(word: (Int) -> UInt64) {
    inode = word(0)
    bytes = Int64(bitPattern: word(1))
    modified = Int64(bitPattern: word(2))
    changed = Int64(bitPattern: word(3))
    time = Int64(bitPattern: word(4))
    response = word(5)
    errors = word(6)
    codes = word(7)
  }
}
