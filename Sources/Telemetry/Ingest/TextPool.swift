import Glibc

/// Texts of a block, each kept once and known by its number.
///
/// An open-addressing table with a bound on the steps of a search: texts that were made to collide cost a few steps each
/// and stand where they are used, instead of in the pool.
struct TextPool: ~Copyable {
  /// Texts longer than this are seldom repeated.
  static let longest = 64
  private static let most = 1 << 16
  private static let steps = 16

  /// The bytes of all texts, one behind the other.
  private(set) var bytes: ByteSink
  /// Where each text ends in `bytes`: `UInt32` each.
  private(set) var ends: ByteSink
  private(set) var count = 0
  private var table: [UInt32]
  private let seed: UInt64

  init(seed: UInt64) {
    self.seed = seed
    bytes = ByteSink(capacity: 4096)
    ends = ByteSink(capacity: 1024)
    table = [UInt32](repeating: 0, count: 512)
  }

  /// The number of a text, which is added if need be; `nil` when the pool does not take it.
  @inline(__always)
  mutating func number(of text: TextSlice) -> UInt32? {
    guard text.count <= Self.longest else { return nil }
    let mask = table.count - 1
    var place = Int(truncatingIfNeeded: hash(text)) & mask
    for _ in 0..<Self.steps {
      let entry = table[place]
      if entry == 0 {
        guard count < Self.most else { return nil }
        return add(text, at: place)
      }
      if equals(entry - 1, text) { return entry - 1 }
      place = (place + 1) & mask
    }
    return nil
  }

  /// The number of a text that must be in the pool, however long or common its hash.
  mutating func add(_ text: TextSlice) -> UInt32 {
    let mask = table.count - 1
    var place = Int(truncatingIfNeeded: hash(text)) & mask
    while table[place] != 0 {
      if equals(table[place] - 1, text) { return table[place] - 1 }
      place = (place + 1) & mask
    }
    return add(text, at: place)
  }

  /// Where a text begins in `bytes`.
  @inline(__always)
  private func start(_ number: UInt32) -> Int {
    number == 0 ? 0 : Int(ends.base.load(fromByteOffset: Int(number - 1) * 4, as: UInt32.self))
  }

  @inline(__always)
  private func end(_ number: UInt32) -> Int {
    Int(ends.base.load(fromByteOffset: Int(number) * 4, as: UInt32.self))
  }

  @inline(__always)
  private func equals(_ number: UInt32, _ text: TextSlice) -> Bool {
    let from = start(number)
    return end(number) - from == text.count && memcmp(bytes.base + from, text.start, text.count) == 0
  }

  @inline(never)
  private mutating func add(_ text: TextSlice, at place: Int) -> UInt32 {
    bytes.append(text.start, text.count)
    ends.append(raw: UInt32(bytes.count))
    count += 1
    table[place] = UInt32(count)
    if count * 2 > table.count { enlarge() }
    return UInt32(count - 1)
  }

  /// Enters all texts in a larger table, in the order of their numbers: `truncate` relies on it.
  private mutating func enlarge() {
    table = [UInt32](repeating: 0, count: table.count * 4)
    bytes.reserve(TextSlice.padding)
    for number in 0..<UInt32(count) { enter(number) }
  }

  private mutating func enter(_ number: UInt32) {
    let mask = table.count - 1
    var place = Int(truncatingIfNeeded: hash(slice(number))) & mask
    while table[place] != 0 { place = (place + 1) & mask }
    table[place] = number + 1
  }

  private func slice(_ number: UInt32) -> TextSlice {
    let from = start(number)
    return TextSlice(
      start: (bytes.base + from).assumingMemoryBound(to: UInt8.self), count: end(number) - from)
  }

  /// Forgets the texts that were added last. Going backwards, each is the last of its chain.
  mutating func truncate(to number: Int) {
    bytes.reserve(TextSlice.padding)
    while count > number {
      let last = UInt32(count - 1)
      let mask = table.count - 1
      var place = Int(truncatingIfNeeded: hash(slice(last))) & mask
      while table[place] != last + 1 { place = (place + 1) & mask }
      table[place] = 0
      bytes.truncate(to: start(last))
      ends.truncate(to: Int(last) * 4)
      count -= 1
    }
  }

  /// Multiply and fold, eight bytes at a time (as wyhash does).
  @inline(__always)
  private func hash(_ text: TextSlice) -> UInt64 {
    var state = seed ^ UInt64(truncatingIfNeeded: text.count)
    var rest = text
    while true {
      let product = (state ^ rest.head).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
      state = product.high ^ product.low
      guard rest.count > 8 else { return state }
      rest = TextSlice(start: rest.start + 8, count: rest.count - 8)
    }
  }
}
