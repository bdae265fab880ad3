import CZlib
package import DSLBase

/// Pictures as PNG (W3C Recommendation, third edition): with a palette, eight bits a pixel, no filter.
package enum PNG {
  /// - Parameter comment: what it is of, in ASCII: a `tEXt` chunk.
  /// - Throws: ``DSLError`` with code `internal_error` where zlib fails.
  package static func bytes(_ raster: Raster, comment: String) throws(DSLError) -> [UInt8] {
    var rows: [UInt8] = []
    rows.reserveCapacity((raster.width + 1) * raster.height)
    for y in 0..<raster.height {
      rows.append(0)
      rows += raster.pixels[y * raster.width..<(y + 1) * raster.width]
    }
    let header = big(UInt32(raster.width)) + big(UInt32(raster.height)) + [8, 3, 0, 0, 0]
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", header)
      + chunk("tEXt", Array("Comment".utf8) + [0] + Array(comment.utf8))
      + chunk("PLTE", Palette.colours.flatMap { [$0.red, $0.green, $0.blue] })
      + chunk("IDAT", try deflated(rows)) + chunk("IEND", [])
  }

  private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let content = Array(name.utf8) + data
    let checksum = crc32(0, content, UInt32(content.count))
    return big(UInt32(data.count)) + content + big(UInt32(truncatingIfNeeded: checksum))
  }

  private static func deflated(_ bytes: [UInt8]) throws(DSLError) -> [UInt8] {
    var size = compressBound(UInt(bytes.count))
    var out = [UInt8](repeating: 0, count: Int(size))
    let code = compress2(&out, &size, bytes, UInt(bytes.count), 9)
    guard code == Z_OK else { throw DSLError(.internalError, "zlib failed with \(code)") }
    return Array(out.prefix(Int(size)))
  }

  private static func big(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
}
