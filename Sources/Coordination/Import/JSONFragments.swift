package import DSLBase

/// The objects in a text that should have been JSON and is not always: lines, arrays, pretty-printed objects one after
/// another, with broken ones between.
package enum JSONFragments {
  /// Something that could not be read.
  package struct Broken: Sendable, Equatable {
    /// Where it begins in the file, bytes.
    package var offset: Int
    /// Bytes passed over.
    package var length: Int
    package var reason: String
  }

  /// Reads every whole object.
  ///
  /// After a broken one reading goes on at the next line that begins with `{` behind nothing but white space: members of
  /// an object never do, so that no part of a broken object passes for a whole one.
  ///
  /// - Returns: the objects and what was passed over, each with its place, in order.
  /// - Complexity: O(bytes) where objects are whole; a broken one is read up to its fault and once more.
  package static func read(_ bytes: [UInt8]) -> (
    objects: [(offset: Int, object: JSONObject)], broken: [Broken]
  ) {
    var objects: [(offset: Int, object: JSONObject)] = []
    var broken: [Broken] = []
    bytes.withUnsafeBufferPointer { buffer in
      var position = 0
      while let start = next(buffer, from: position) {
        var scanner = JSONScanner(UnsafeBufferPointer(rebasing: buffer[start...]))
        let reason: String
        do throws(JSONError) {
          if case .object(let object) = try JSONParser.value(&scanner, depth: 0) {
            objects.append((start, object))
            position = start + scanner.position
            continue
          }
          reason = "not an object"
        } catch {
          reason = error.reason
        }
        position = resynchronised(buffer, after: start)
        broken.append(Broken(offset: start, length: position - start, reason: reason))
      }
    }
    return (objects, broken)
  }

  /// The next byte that is neither white space nor what separates objects.
  private static func next(_ buffer: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    var position = start
    while position < buffer.count {
      switch buffer[position] {
      case 0x20, 0x09...0x0D, UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"): position += 1
      default: return position
      }
    }
    return nil
  }

  private static func resynchronised(_ buffer: UnsafeBufferPointer<UInt8>, after start: Int) -> Int {
    var position = start
    while position < buffer.count {
      while position < buffer.count, buffer[position] != 0x0A { position += 1 }
      var first = position
      while first < buffer.count, buffer[first] <= 0x20 { first += 1 }
      if first < buffer.count, buffer[first] == UInt8(ascii: "{") { return first }
      position = max(first, position + 1)
    }
    return buffer.count
  }
}
