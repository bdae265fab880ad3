import DSLBase
import Synchronization
import Telemetry

/// A transport that answers from a script and keeps what was sent.
final class FakeCollector: HTTPTransport {
  enum Answer: Sendable {
    case response(HTTPReply)
    case failure(DSLError)
    /// None, until the task is cancelled or the clock passes the request's time.
    case silence
  }

  private let state: Mutex<(answers: [Answer], requests: [HTTPPost])>
  private let time: ManualTime

  /// Answers in order; the last one again and again.
  init(_ answers: [Answer], _ time: ManualTime) {
    state = Mutex((answers, []))
    self.time = time
  }

  var requests: [HTTPPost] { state.withLock { $0.requests } }

  func post(_ request: HTTPPost) async throws(DSLError) -> HTTPReply {
    let answer = state.withLock { state in
      state.requests.append(request)
      return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
    }
    switch answer {
    case .response(let response): return response
    case .failure(let error): throw error
    case .silence:
      do { try await time.sleep(seconds: request.timeoutSeconds) } catch {
        throw DSLError(.cancelled, "stopped")
      }
      throw DSLError(.timeout, "no response in time")
    }
  }

  static let taken = Answer.response(HTTPReply(status: 200, body: Array("{}".utf8)))
  static let refused = Answer.failure(DSLError(.io, "connection refused"))

  static func status(_ status: Int, after seconds: String? = nil, _ body: String = "") -> Answer {
    .response(
      HTTPReply(
        status: status, headers: seconds.map { [HTTPHeader("retry-after", $0)] } ?? [], body: Array(body.utf8)
      ))
  }
}
