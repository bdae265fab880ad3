import Coordination
import DSLBase
import SignalStore
import Synchronization
import Telemetry

/// The receiver of telemetry, opened with the first request: a server that nobody sends anything creates no store.
final class LazyReceiver: OTLPReceiving {
  private let directory: CoordinationDirectory
  private let time: any TimeSource
  private let seed: UInt64
  private let bodyLimit: Int
  private let retention: SignalRetention
  private let opened = Mutex<OTLPReceiver?>(nil)

  /// - Parameters:
  ///   - bodyLimit: bytes of a body, compressed or not.
  ///   - retention: how much of what came is kept.
  init(
    _ directory: CoordinationDirectory, time: any TimeSource, seed: UInt64, bodyLimit: Int,
    retention: SignalRetention
  ) {
    self.directory = directory
    self.time = time
    self.seed = seed
    self.bodyLimit = bodyLimit
    self.retention = retention
  }

  func receive(_ request: OTLPRequest) async -> OTLPReply {
    do {
      return await (try receiver()).receive(request)
    } catch {
      // What keeps the store from opening may pass: the sender is to try again.
      let status: JSONValue = [
        "code": 14, "message": .string("the telemetry store cannot be opened: \(error)"),
      ]
      return OTLPReply(
        status: 503, contentType: "application/json", body: Array(status.text().utf8), retryAfterSeconds: 5)
    }
  }

  private func receiver() throws -> OTLPReceiver {
    try opened.withLock { opened in
      if let opened { return opened }
      var limits = ReceiverLimits()
      limits.body = min(limits.body, bodyLimit)
      let receiver = try OTLPReceiver(
        directory: directory, time: time, retention: retention, limits: limits, seed: seed)
      opened = receiver
      return receiver
    }
  }
}
