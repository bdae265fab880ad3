import DSLBase
import Testing

@testable import Telemetry

/// Bodies that are nearly right, or not at all: nothing crashes, and what is taken can be read.
@Suite struct DecodingFuzzTests {
  private static let json = Array(
    #"""
    {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a\u00e9"}}]},"scopeSpans":[{"scope":{"name":"l"},
    "spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"n","kind":1,"startTimeUnixNano":"15447126600",
    "endTimeUnixNano":"15447126610","attributes":[{"key":"k","value":{"arrayValue":{"values":[{"intValue":"7"},{"doubleValue":1.5}]}}}],
    "events":[{"timeUnixNano":"5","name":"e"}],"links":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174"}],
    "status":{"code":2,"message":"m"}},{"traceId":"5b8efff798038103d269b633813fc60d","spanId":"eee19b7ec3c1b175","startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}
    """#.utf8)

  /// The first body's spans in protobuf, written by hand.
  private static let protobuf: [UInt8] = {
    func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
      [number << 3 | 2, UInt8(content.count)] + content
    }
    let time: [UInt8] = [1, 2, 3, 4, 5, 6, 0, 0]
    let value = field(2, field(5, field(1, [0x18, 7]) + field(1, [0x21] + time)))
    var span = field(1, [UInt8](1...16)) + field(2, [UInt8](1...8)) + field(5, Array("name".utf8))
    span += [0x39] + time + [0x41] + time + field(9, field(1, [0x6B]) + value)
    span += field(11, [0x09] + time + field(2, [0x65])) + field(15, field(2, [0x6D]) + [0x18, 2])
    let resource = field(1, field(1, field(1, Array("service.name".utf8)) + field(2, field(1, [0x61]))))
    return field(1, resource + field(2, field(2, span)))
  }()

  private static func mutated(_ body: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
    var body = body
    for _ in 0..<(1 + random.next() % 4) where !body.isEmpty {
      let place = Int(random.next() % UInt64(body.count))
      switch random.next() % 6 {
      case 0: body[place] = UInt8(truncatingIfNeeded: random.next())
      case 1: body.remove(at: place)
      case 2: body.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
      case 3: body.removeLast(Int(random.next() % UInt64(body.count)))
      case 4:
        let length = min(Int(random.next() % 20), body.count - place)
        body.insert(contentsOf: body[place..<place + length], at: Int(random.next() % UInt64(body.count)))
      default: body[place] ^= 1 << UInt8(random.next() % 8)
      }
    }
    return body
  }

  @Test(arguments: [OTLPEncoding.json, .protobuf], [1, 2, 3, 4] as [UInt64])
  func nothingCrashesAndNoGarbageIsTaken(encoding: OTLPEncoding, seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let original = encoding == .json ? Self.json : Self.protobuf
    #expect(try OTLPDecoding.decode(.traces, encoding, original, seed: seed).refused == 0)
    var outcomes = (taken: 0, refused: 0, faults: 0)
    for round in 0..<3000 {
      let body = Self.mutated(original, &random)
      let signal = OTLPSignal.allCases[
        Int(random.next() % 8) % 3 == 1 ? 1 : Int(random.next() % 8) == 0 ? 2 : 0]
      do throws(DecodingFault) {
        let decoded = try OTLPDecoding.decode(signal, encoding, body, seed: seed)
        outcomes.refused += decoded.refused
        guard let block = decoded.block else { continue }
        outcomes.taken += block.records
        check(block, "\(encoding) seed \(seed) round \(round)")
      } catch {
        outcomes.faults += 1
        #expect((0...body.count).contains(error.offset), "\(encoding) seed \(seed) round \(round): \(error)")
      }
    }
    #expect(outcomes.taken > 100 && outcomes.faults > 100, "\(outcomes)")
  }

  /// Every record of a block reads as what may be stored.
  private func check(_ block: SignalBlock, _ place: String) {
    let read = block.withView { view in
      #expect(view.count == block.records, "\(place)")
      for number in 0..<view.count {
        guard let record = view.signal(number) else {
          Issue.record("\(place): a record that cannot be read")
          continue
        }
        #expect(record.time.nanoseconds > 0, "\(place)")
        #expect(
          record.time.nanoseconds >= block.earliest && record.time.nanoseconds <= block.latest, "\(place)")
        if case .span(let span) = record {
          #expect((0...5).contains(span.kind) && (0...2).contains(span.status), "\(place)")
        }
      }
      return true
    }
    #expect(read == true, "\(place): the block cannot be read")
  }

  /// A stored block whose bytes were damaged reads as something or nothing, and never beyond its end.
  @Test(arguments: [11, 12] as [UInt64]) func damagedBlocksAreHarmless(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let block = try #require(try OTLPDecoding.decode(.traces, .json, Self.json, seed: seed).block)
    var read = 0
    for _ in 0..<4000 {
      var damaged = block
      damaged.index = Self.mutated(block.index, &random)
      damaged.details = Self.mutated(block.details, &random)
      damaged.withView { view in
        for number in 0..<view.count { if view.signal(number) != nil { read += 1 } }
      }
    }
    #expect(read > 0)
  }
}
