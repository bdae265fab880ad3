package import DSLBase

/// Where a server listens.
package struct ListenAddress: Sendable, Equatable {
  /// A name or number, without the brackets of IPv6.
  package var host: String
  /// 0 has the system choose one.
  package var port: Int

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads `127.0.0.1:8080`, `[::1]:8080`, `localhost`, `:8080` (every address) or `8080` (this machine alone).
  ///
  /// - Parameter source: where the text stands, for the message.
  /// - Throws: `invalidInput`.
  package init(_ text: String, source: String) throws(DSLError) {
    let wrong = DSLError(
      .invalidInput, "\(source): \(text) is no address",
      fix: "write address:port, such as 127.0.0.1:8080, [::1]:8080 or :8080 for every address")
    var (host, port) = (text, "8080")
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else { throw wrong }
      host = String(text[text.index(after: text.startIndex)..<end])
      let rest = text[text.index(after: end)...]
      guard rest.isEmpty || rest.hasPrefix(":") else { throw wrong }
      if !rest.isEmpty { port = String(rest.dropFirst()) }
      guard host.contains(":") else { throw wrong }
    } else if text.utf8.allSatisfy({ (48...57).contains($0) }) {
      (host, port) = ("127.0.0.1", text)
    } else if let colon = text.firstIndex(of: ":") {
      (host, port) = (String(text[..<colon]), String(text[text.index(after: colon)...]))
      if host.isEmpty { host = "0.0.0.0" }
    }
    let isNumber = !port.isEmpty && port.utf8.allSatisfy { (48...57).contains($0) }
    let isShown = host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
    guard isNumber, let number = Int(port), number <= 65_535, !host.isEmpty, isShown,
      text.hasPrefix("[") || !host.contains(":")
    else { throw wrong }
    self.init(host: host, port: number)
  }

  /// Whether only this machine can reach it.
  package var isLoopback: Bool {
    if ["localhost", "::1"].contains(host) { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  /// As it stands in a URL.
  package var authority: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
}
