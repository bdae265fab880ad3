/// File names in messages.
///
/// A name may hold line feeds, escape sequences or bytes that are no text at all; printed raw they would forge log lines
/// or reach a terminal.
package enum FileName {
  /// The name with control characters, backslashes and bytes that are not UTF-8 written as `\n`, `\xNN`, …
  package static func shown(_ name: some Sequence<UInt8>) -> String {
    let bytes = Array(name)
    let isText = String(validating: bytes, as: UTF8.self) != nil
    var result = ""
    var plain: [UInt8] = []
    func flush() {
      result += String(decoding: plain, as: UTF8.self)
      plain.removeAll()
    }
    for byte in bytes {
      switch byte {
      case 0x20..<0x7F where byte != UInt8(ascii: "\\"): plain.append(byte)
      case 0x80... where isText: plain.append(byte)
      default:
        flush()
        result += escape(byte)
      }
    }
    flush()
    return result
  }

  /// The name as it may be shown.
  package static func shown(_ name: String) -> String { shown(name.utf8) }

  private static func escape(_ byte: UInt8) -> String {
    switch byte {
    case 0x0A: return "\\n"
    case 0x0D: return "\\r"
    case 0x09: return "\\t"
    case UInt8(ascii: "\\"): return "\\\\"
    default:
      let digits = String(byte, radix: 16)
      return "\\x" + (digits.count == 1 ? "0" : "") + digits
    }
  }
}
