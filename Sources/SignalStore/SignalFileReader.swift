import Coordination
import DSLBase
import Telemetry

/// Reads telemetry out of one file, a piece at a time.
struct SignalFileReader {
  /// Bytes that are read at once, and the most that a line or object may have.
  private static let piece = 4 << 20
  private static let longest = 64 << 20
  /// Objects that are turned into one block.
  private static let together = 5000

  private let path: String
  private let modified: Timestamp
  private(set) var records = 0
  private(set) var refused = 0
  private var found = FileSignals()
  private var loose = SwarmSignals()

  init(path: String, modified: Timestamp) {
    self.path = path
    self.modified = modified
  }

  /// Reads from an offset on, which then stands behind the last whole line or object.
  mutating func read(
    _ files: any FileSystem, _ place: String, from offset: inout Int64, to end: Int64, left: inout Int64
  ) throws(FileError) {
    var count = Self.piece
    while offset < end, left > 0 {
      let bytes = try files.read(place, at: offset, count: Int(min(Int64(count), end - offset)))
      guard !bytes.isEmpty else { return }
      let isLast = offset + Int64(bytes.count) >= end
      var taken = parse(bytes, at: offset, isLast: isLast)
      if taken == 0 {
        guard !isLast else { return }
        guard bytes.count >= Self.longest else {
          count *= 4
          continue
        }
        refuse(offset, "a line or object of more than \(Self.longest) bytes")
        taken = bytes.count
      }
      offset += Int64(taken)
      left -= Int64(taken)
    }
  }

  /// Hands over what was found.
  mutating func finish(_ all: inout FileSignals) {
    decodeLoose()
    all.blocks += found.blocks
    all.refused += found.refused
    all.problems += found.problems.prefix(max(0, FileSignals.problemLimit - all.problems.count))
  }

  private mutating func refuse(_ offset: Int64, _ reason: String, count: Int = 1) {
    refused += count
    found.refuse(path, offset, reason, count: count)
  }

  /// - Returns: bytes that were dealt with.
  private mutating func parse(_ bytes: [UInt8], at offset: Int64, isLast: Bool) -> Int {
    var position = 0
    while position < bytes.count {
      let lineEnd = bytes[position...].firstIndex(of: 0x0A)
      let line = bytes[position..<(lineEnd ?? bytes.count)]
      if let signal = Self.signal(line) {
        // Without its end it may not be whole: what is, is taken; the rest is waited for.
        guard decode(Array(line), signal, at: offset + Int64(position), isWhole: lineEnd != nil) else {
          return position
        }
        position = (lineEnd ?? bytes.count - 1) + 1
        continue
      }
      var end = lineEnd.map { $0 + 1 } ?? bytes.count
      while end < bytes.count {
        let next = bytes[end...].firstIndex(of: 0x0A) ?? bytes.count
        if Self.signal(bytes[end..<next]) != nil { break }
        end = min(next + 1, bytes.count)
      }
      let taken = parseLoose(
        Array(bytes[position..<end]), at: offset + Int64(position), isOpen: end == bytes.count)
      position += taken
      if position < end { return position }
    }
    return position
  }

  /// The kind of telemetry of a line of the file exporter; `nil` for any other.
  private static func signal(_ line: ArraySlice<UInt8>) -> OTLPSignal? {
    let head = line.prefix(64).drop { $0 <= 0x20 }
    guard head.first == UInt8(ascii: "{") else { return nil }
    let key = head.dropFirst().drop { $0 <= 0x20 }
    if key.starts(with: #""resourceSpans""#.utf8) { return .traces }
    if key.starts(with: #""resourceMetrics""#.utf8) { return .metrics }
    return key.starts(with: #""resourceLogs""#.utf8) ? .logs : nil
  }

  /// - Returns: whether the line was dealt with.
  private mutating func decode(_ line: [UInt8], _ signal: OTLPSignal, at offset: Int64, isWhole: Bool) -> Bool
  {
    do throws(DecodingFault) {
      let decoded = try OTLPDecoding.decode(signal, .json, line, seed: UInt64(bitPattern: offset))
      if let block = decoded.block {
        found.blocks.append(block)
        records += block.records
      }
      if decoded.refused > 0 { refuse(offset, decoded.reason ?? "", count: decoded.refused) }
      return true
    } catch {
      guard isWhole else { return false }
      refuse(offset + Int64(error.offset), error.reason)
      return true
    }
  }

  /// Reads objects that may go over several lines.
  ///
  /// - Parameter isOpen: whether the last one may not be whole.
  /// - Returns: bytes that were dealt with.
  private mutating func parseLoose(_ bytes: [UInt8], at offset: Int64, isOpen: Bool) -> Int {
    let (objects, broken) = JSONFragments.read(bytes)
    for (place, object) in objects { add(object, at: offset + Int64(place)) }
    for part in broken {
      if isOpen, part.offset + part.length == bytes.count { return part.offset }
      refuse(offset + Int64(part.offset), "\(part.reason); \(part.length) bytes passed over")
    }
    return bytes.count
  }

  private mutating func add(_ object: JSONObject, at offset: Int64) {
    switch loose.add(object, modified: modified) {
    case .taken: if loose.count >= Self.together { decodeLoose() }
    case .dropped(let reason): refuse(offset, reason)
    case .otlp(let signal):
      _ = decode(JSONValue.object(object).serialized(), signal, at: offset, isWhole: true)
    }
  }

  private mutating func decodeLoose() {
    for request in loose.requests {
      _ = decode(request.body, request.signal, at: 0, isWhole: true)
    }
    loose = SwarmSignals()
  }
}
