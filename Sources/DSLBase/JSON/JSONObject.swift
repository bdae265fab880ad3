/// The members of a JSON object in the order they were written.
///
/// Keys are compared by their UTF-8 bytes, as JSON does; Swift's own string equality would take the composed and the
/// decomposed form of a letter for the same key.
public struct JSONObject: Sendable, Hashable, ExpressibleByDictionaryLiteral, Sequence {
  /// One member.
  public struct Member: Sendable, Hashable {
    /// The name.
    public let key: String
    /// The value.
    public var value: JSONValue

    /// Equal when key bytes and values are.
    public static func == (lhs: Self, rhs: Self) -> Bool {
      lhs.key.utf8.elementsEqual(rhs.key.utf8) && lhs.value == rhs.value
    }
  }

  private var members: [Member] = []
  /// Key bytes → position, kept only for objects with more than `indexedAbove` members.
  private var index: [[UInt8]: Int] = [:]
  private static let indexedAbove = 16

  /// An object without members.
  public init() {}

  /// An object in the order written; a repeated key keeps its last value.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    for (key, value) in elements { self[key] = value }
  }

  /// The number of members.
  public var count: Int { members.count }
  /// Whether there are none.
  public var isEmpty: Bool { members.isEmpty }
  /// The names, in order.
  public var keys: [String] { members.map(\.key) }

  /// Iterates over the members in order.
  public func makeIterator() -> IndexingIterator<[Member]> { members.makeIterator() }

  /// The value of a member. Setting a new name appends it, setting `nil` removes the member.
  ///
  /// - Complexity: O(1) on average; removal is O(n).
  public subscript(key: String) -> JSONValue? {
    get { position(of: key).map { members[$0].value } }
    set {
      switch (position(of: key), newValue) {
      case (let position?, let value?): members[position].value = value
      case (nil, let value?): append(key, value)
      case (let position?, nil):
        members.remove(at: position)
        rebuildIndex()
      case (nil, nil): break
      }
    }
  }

  /// Appends a member unless the name is taken.
  ///
  /// - Returns: whether it was appended.
  package mutating func appendIfNew(_ key: String, _ value: JSONValue) -> Bool {
    guard position(of: key) == nil else { return false }
    append(key, value)
    return true
  }

  private func position(of key: String) -> Int? {
    if members.count > Self.indexedAbove { return index[Array(key.utf8)] }
    return members.firstIndex { $0.key.utf8.elementsEqual(key.utf8) }
  }

  private mutating func append(_ key: String, _ value: JSONValue) {
    members.append(Member(key: key, value: value))
    if members.count == Self.indexedAbove + 1 {
      rebuildIndex()
    } else if members.count > Self.indexedAbove {
      index[Array(key.utf8)] = members.count - 1
    }
  }

  private mutating func rebuildIndex() {
    index = [:]
    guard members.count > Self.indexedAbove else { return }
    for (position, member) in members.enumerated() { index[Array(member.key.utf8)] = position }
  }
}
