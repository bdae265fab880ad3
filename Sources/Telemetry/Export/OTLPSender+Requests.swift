import DSLBase
import Synchronization

extension OTLPSender {
  /// What requests begin and so what lines of the signal begin with.
  static func opening(_ signal: OTLPSignal) -> [UInt8] {
    switch signal {
    case .traces: Array(#"{"resourceSpans":["#.utf8)
    case .metrics: Array(#"{"resourceMetrics":["#.utf8)
    case .logs: Array(#"{"resourceLogs":["#.utf8)
    }
  }

  /// Sends a batch, again and again if need be, and books what became of it.
  func send(_ batch: [ExportQueue.Entry]) async {
    let items = batch.reduce(0) { $0 + $1.items }
    let body = ExportQueue.body(batch, opening: Self.opening(endpoint.signal), resource: resource)
    let request: HTTPPost
    do throws(DSLError) { request = try self.request(body) } catch {
      book(.failed, items)
      return sayTrouble("\(error.message); lost \(items.counted(noun))")
    }
    let until = time.monotonicSeconds + policy.exportSeconds
    var attempt = 0
    while true {
      attempt += 1
      let (verdict, reached) = await post(request)
      switch verdict {
      case .accepted(let rejected, let message):
        return accept(items, rejected: min(rejected, items), message)
      case .refused(let reason):
        book(.rejected, items)
        return sayTrouble("\(reason); lost \(items.counted(noun))")
      case .later(let reason, let asked):
        sayTrouble(reason)
        guard let wait = wait(attempt, asked: asked, reached: reached, until: until) else {
          return book(.failed, items)
        }
        await rest(wait, isBackOff: true)
        if Task.isCancelled { return book(.failed, items) }
      }
    }
  }

  /// How long to wait before the batch is sent again; `nil` to give it up.
  ///
  /// Once the end has come a receiver that was not reached is not tried again: a command does not wait for a collector
  /// that is not there.
  private func wait(_ attempt: Int, asked: Double?, reached: Bool, until: Double) -> Double? {
    state.withLock { state in
      let draw = Double(state.random.next() >> 11) * 0x1p-53
      let wait = schedule.delay(afterAttempt: attempt, asked: asked, draw: draw)
      let end = min(until, state.deadline ?? .infinity)
      if state.deadline != nil, !reached { return nil }
      return time.monotonicSeconds + wait <= end ? wait : nil
    }
  }

  private func request(_ body: [UInt8]) throws(DSLError) -> HTTPPost {
    var headers = [
      HTTPHeader("Content-Type", endpoint.encoding.contentType),
      HTTPHeader("User-Agent", "dsl/\(DSLVersion.current)"),
    ]
    var sent = endpoint.encoding == .json ? body : try ProtobufWriter.body(endpoint.signal, json: body)
    if endpoint.gzip, let compressed = Gzip.compressed(sent) {
      headers.append(HTTPHeader("Content-Encoding", "gzip"))
      sent = compressed
    }
    let own = Set(endpoint.headers.map { $0.name.lowercased() })
    headers.removeAll { own.contains($0.name.lowercased()) }
    return HTTPPost(
      url: endpoint.url, headers: headers + endpoint.headers, body: sent,
      timeoutSeconds: endpoint.timeoutSeconds)
  }

  /// - Returns: also whether there was a response at all.
  private func post(_ request: HTTPPost) async -> (OTLPVerdict, reached: Bool) {
    var request = request
    let deadline = state.withLock { state in
      state.statistics.requests += 1
      return state.deadline
    }
    if let deadline {
      request.timeoutSeconds = max(0.05, min(request.timeoutSeconds, deadline - time.monotonicSeconds))
    }
    do throws(DSLError) {
      let response = try await transport.post(request)
      meters.request(endpoint.signal, status: String(response.status))
      return (OTLPVerdict(response, now: time.now), true)
    } catch {
      meters.request(endpoint.signal, status: error.code.rawValue)
      let passes = error.code == .io || error.code == .timeout || error.code == .cancelled
      return (passes ? .later(error.message, afterSeconds: nil) : .refused(error.description), false)
    }
  }

  private func accept(_ items: Int, rejected: Int, _ message: String?) {
    book(.sent, items - rejected)
    book(.rejected, rejected)
    if rejected > 0 {
      sayTrouble(
        "the receiver rejected \(rejected) of \(items.counted(noun))" + (message.map { ": \($0)" } ?? ""))
    } else if let message {
      tell("\(place): the receiver warns: \(message)")
    } else if state.withLock({ $0.isTroubled }) {
      state.withLock { $0.isTroubled = false }
      tell("\(place): sent again" + (losses().map { "; " + $0 } ?? ""))
    }
  }

  private func book(_ result: ExportMeters.Result, _ items: Int) {
    guard items > 0 else { return }
    state.withLock { state in
      switch result {
      case .sent: state.statistics.sent += items
      case .rejected: state.statistics.rejected += items
      case .dropped: state.statistics.dropped += items
      case .failed: state.statistics.failed += items
      }
    }
    meters.count(endpoint.signal, result, items)
  }

  private var noun: String {
    switch endpoint.signal {
    case .traces: "span"
    case .metrics: "data point"
    case .logs: "log record"
    }
  }

  private var place: String { "OTLP \(endpoint.signal.rawValue) to \(HTTPPost.masked(endpoint.url))" }

  /// Tells what is wrong, once until it is right again.
  private func sayTrouble(_ reason: String) {
    let isNews = state.withLock { state in
      defer { state.isTroubled = true }
      return !state.isTroubled
    }
    if isNews { tell("\(place): \(reason)") }
  }

  /// Tells of what was lost and not told of yet.
  func sayLosses() {
    if let losses = losses() { tell("\(place): \(losses)") }
  }

  private func losses() -> String? {
    state.withLock { state in
      let new = state.statistics.lost - state.toldLost
      guard new > 0 else { return nil }
      state.toldLost = state.statistics.lost
      return "lost \(new.counted(noun))"
    }
  }
}
