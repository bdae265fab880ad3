import AsyncHTTPClient
import DSLBase
import NIOCore
import NIOHTTP1
import Synchronization

/// Keeps the beginning of a response; the rest of a body that is larger than the limit is not waited for.
final class ReplyDelegate: HTTPClientResponseDelegate, Sendable {
  /// Ends a response of which enough was read.
  struct IsFull: Error {}

  private let reply = Mutex(HTTPReply(status: 0))

  /// What there is of the response.
  var beginning: HTTPReply { reply.withLock { $0 } }

  func didReceiveHead(task: HTTPClient.Task<HTTPReply>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
    let headers = head.headers.map { HTTPHeader($0.name, $0.value) }
    reply.withLock { $0 = HTTPReply(status: Int(head.status.code), headers: headers) }
    return task.eventLoop.makeSucceededVoidFuture()
  }

  func didReceiveBodyPart(task: HTTPClient.Task<HTTPReply>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
    let isFull = reply.withLock { reply in
      reply.body.append(contentsOf: buffer.readableBytesView.prefix(HTTPReply.bodyLimit - reply.body.count))
      return reply.body.count >= HTTPReply.bodyLimit
    }
    return isFull ? task.eventLoop.makeFailedFuture(IsFull()) : task.eventLoop.makeSucceededVoidFuture()
  }

  func didFinishRequest(task: HTTPClient.Task<HTTPReply>) -> HTTPReply { beginning }
}
