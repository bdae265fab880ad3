import Glibc

/// A packed block for reading, where its bytes are.
///
/// Every place is checked against what is there, as the bytes may come from a damaged file: what does not fit reads as
/// empty.
package struct BlockView {
  /// Records.
  package let count: Int
  package let signal: OTLPSignal
  package let earliest: Int64
  package let latest: Int64
  package let errors: Int
  /// Bytes of it in the index and in the details.
  package let indexLength: Int
  package let detailsLength: Int
  /// Texts of its pool.
  package let textCount: Int
  private let index: UnsafeRawBufferPointer
  private let details: UnsafeRawBufferPointer
  private let resources: (start: Int, count: Int)
  private let scopes: (start: Int, count: Int)
  private let ends: Int
  private let texts: (start: Int, count: Int)

  /// The block that begins an index and its details.
  ///
  /// - Returns: `nil` when there is none.
  package init?(index: UnsafeRawBufferPointer, details: UnsafeRawBufferPointer) {
    guard index.count >= BlockHeader.size else { return nil }
    let header = index.loadUnaligned(as: BlockHeader.self)
    guard header.mark == BlockHeader.mark, let signal = OTLPSignal(number: header.signal) else { return nil }
    let records = Int(header.records) * PackedRecord.size
    resources = (BlockHeader.size + records, Int(header.resources))
    scopes = (resources.start + resources.count * PackedOrigin.size, Int(header.scopes))
    ends = scopes.start + scopes.count * PackedOrigin.size
    texts = (ends + Int(header.texts) * 4, Int(header.textBytes))
    guard texts.start + texts.count == Int(header.indexLength), Int(header.indexLength) <= index.count,
      Int(header.detailsLength) <= details.count
    else { return nil }
    self.signal = signal
    count = Int(header.records)
    textCount = Int(header.texts)
    (earliest, latest, errors) = (header.earliest, header.latest, Int(header.errors))
    (indexLength, detailsLength) = (Int(header.indexLength), Int(header.detailsLength))
    self.index = UnsafeRawBufferPointer(rebasing: index[..<indexLength])
    self.details = UnsafeRawBufferPointer(rebasing: details[..<detailsLength])
  }

  /// The blocks that stand one behind the other.
  ///
  /// - Returns: whether all of them could be read.
  @discardableResult
  package static func forEach(
    index: UnsafeRawBufferPointer, details: UnsafeRawBufferPointer, _ body: (BlockView) throws -> Void
  ) rethrows -> Bool {
    var (index, details) = (index, details)
    while !index.isEmpty {
      guard let view = BlockView(index: index, details: details) else { return false }
      try body(view)
      index = UnsafeRawBufferPointer(rebasing: index[view.indexLength...])
      details = UnsafeRawBufferPointer(rebasing: details[view.detailsLength...])
    }
    return true
  }

  /// - Precondition: `number` is below `count`.
  @inline(__always)
  package func record(_ number: Int) -> PackedRecord {
    index.loadUnaligned(
      fromByteOffset: BlockHeader.size + number * PackedRecord.size, as: PackedRecord.self)
  }

  /// A text of the pool; empty for a number that there is not.
  package func text(_ number: UInt32) -> String {
    guard let bytes = textBytes(number) else { return "" }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Whether a text of the pool is that one.
  package func text(_ number: UInt32, is text: [UInt8]) -> Bool {
    guard let bytes = textBytes(number), bytes.count == text.count else { return false }
    return bytes.elementsEqual(text)
  }

  private func textBytes(_ number: UInt32) -> UnsafeRawBufferPointer? {
    guard number < UInt32(textCount) else { return nil }
    func end(_ number: UInt32) -> Int {
      Int(index.loadUnaligned(fromByteOffset: ends + Int(number) * 4, as: UInt32.self))
    }
    let range = (number == 0 ? 0 : end(number - 1), end(number))
    guard range.0 <= range.1, range.1 <= texts.count else { return nil }
    return UnsafeRawBufferPointer(rebasing: index[texts.start + range.0..<texts.start + range.1])
  }

  /// The details of a record.
  func fields(_ record: PackedRecord) -> DetailReader {
    part(record.detailsStart, record.detailsLength)
  }

  private func part(_ start: UInt32, _ length: UInt32) -> DetailReader {
    let end = Int(start) + Int(length)
    guard end <= details.count else {
      return DetailReader(self, UnsafeRawBufferPointer(start: nil, count: 0))
    }
    return DetailReader(self, UnsafeRawBufferPointer(rebasing: details[Int(start)..<end]))
  }

  private func origin(_ table: (start: Int, count: Int), _ number: UInt32) -> PackedOrigin? {
    guard number < UInt32(table.count) else { return nil }
    return index.loadUnaligned(
      fromByteOffset: table.start + Int(number) * PackedOrigin.size, as: PackedOrigin.self)
  }

  /// The attributes of a resource.
  func resource(_ number: UInt32) -> DetailReader? {
    origin(resources, number).map { part($0.detailsStart, $0.detailsLength) }
  }

  /// Name and version of a scope; `nil` for one that there is not.
  func scope(_ number: UInt32) -> (name: String, version: String)? {
    origin(scopes, number).map { (text($0.name), text($0.version)) }
  }
}
