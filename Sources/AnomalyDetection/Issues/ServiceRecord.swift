import DSLBase

/// What is known of one service.
struct ServiceRecord: Sendable, Equatable {
  /// Resources of a service that are followed; more are left out.
  static let maximumResources = 16
  /// Callers of a service that are remembered.
  static let maximumCallers = 64

  struct Resource: Sendable, Equatable {
    let name: String
    var baseline = SignalBaseline(whitens: false)
    var trail = ResourceTrail()
  }

  /// Where the newest window began, and how long windows are.
  var start: Timestamp
  var length: Double
  var errors = SignalBaseline()
  var latency = SignalBaseline()
  var throughput = SignalBaseline()
  var agents = SignalBaseline()
  /// In the order of their first reading.
  var resources: [Resource] = []
  /// In the order of their names.
  var callers: [String] = []

  init(start: Timestamp, length: Double) {
    self.start = start
    self.length = length
  }

  /// Remembers who calls.
  mutating func add(callers new: [String]) {
    for caller in new where !callers.contains(caller) && callers.count < Self.maximumCallers {
      callers.append(caller)
    }
    callers.sort()
  }
}
