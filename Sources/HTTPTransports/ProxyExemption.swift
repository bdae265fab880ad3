import Glibc

/// An entry of `no_proxy`: `*`, a host or a domain with what is below it (`example.com`, `.example.com`,
/// `*.example.com`), an address, or a range of addresses (`10.0.0.0/8`, `fd00::/8`); with `:port`, for that port alone.
///
/// What curl and Go understand alike, as there is no standard.
struct ProxyExemption: Sendable {
  private enum Hosts: Sendable {
    case all
    case domain(String)
    /// An address as bytes, and how many of its bits count.
    case range([UInt8], bits: Int)
  }

  private let hosts: Hosts
  private let port: Int?

  init(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
    if parts.count == 2 {
      if let address = Self.address(parts[0]), let bits = Int(parts[1]),
        (0...address.count * 8).contains(bits)
      {
        hosts = .range(address, bits: bits)
      } else {
        // Neither a host nor a range: it exempts nothing.
        hosts = .domain("")
      }
      port = nil
      return
    }
    let authority = Self.address(text) == nil ? Authority(url: "any://" + text) : nil
    let host = (authority?.host ?? text).lowercased()
    port = authority?.port
    if host == "*" {
      hosts = .all
    } else if let address = Self.address(host) {
      hosts = .range(address, bits: address.count * 8)
    } else {
      hosts = .domain(String(host.drop { $0 == "*" }.drop { $0 == "." }))
    }
  }

  /// Whether requests to a host, in lower case, go straight.
  func matches(_ host: String, _ port: Int) -> Bool {
    guard self.port == nil || self.port == port else { return false }
    switch hosts {
    case .all: return true
    case .domain(let domain): return !domain.isEmpty && (host == domain || host.hasSuffix("." + domain))
    case .range(let range, let bits):
      guard let address = Self.address(host), address.count == range.count else { return false }
      return (0..<bits).allSatisfy { bit in
        let mask = UInt8(0x80) >> UInt8(bit % 8)
        return address[bit / 8] & mask == range[bit / 8] & mask
      }
    }
  }

  /// The bytes of an IPv4 or IPv6 address.
  private static func address(_ text: String) -> [UInt8]? {
    var four = in_addr()
    if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: four) { Array($0) } }
    var six = in6_addr()
    if inet_pton(AF_INET6, text, &six) == 1 { return withUnsafeBytes(of: six) { Array($0) } }
    return nil
  }
}
