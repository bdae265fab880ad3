import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// How long a connection may take.
package struct ConnectionTimes: Sendable {
  /// From the connection's beginning to the end of a request's head, handshake included, seconds.
  package var head = 10.0
  /// From there to the end of its body, seconds.
  package var body = 30.0
  /// Between two requests, seconds.
  package var idle = 60.0
  /// That a client may leave what we send unread, seconds.
  package var stall = 20.0

  package init() {}
}

/// Ends connections that take too long: clients that send a byte now and then, and clients that read nothing.
///
/// Stands behind the decoder, so that what counts is a head or a body that is whole: bytes that trickle in win no time.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// What the deadline under way is for.
  private enum Phase {
    case head, body, answer, idle
  }

  private let times: ConnectionTimes
  private var phase = Phase.head
  private var deadline: Scheduled<Void>?
  private var stall: Scheduled<Void>?
  /// Whether the answer that is being written is the last one.
  private var closes = false

  init(_ times: ConnectionTimes) { self.times = times }

  func handlerAdded(context: ChannelHandlerContext) { enter(.head, times.head, context) }

  func handlerRemoved(context: ChannelHandlerContext) {
    deadline?.cancel()
    stall?.cancel()
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    stall?.cancel()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head: enter(.body, times.body, context)
    case .body: break
    case .end: enter(.answer, nil, context)
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(let head):
      closes = closes || head.headerFields[.connection] == "close"
      context.write(data, promise: promise)
    case .body: context.write(data, promise: promise)
    case .end:
      // An answer that comes before the whole body leaves the body's deadline in force.
      if phase == .answer { enter(.idle, times.idle, context) }
      guard closes else { return context.write(data, promise: promise) }
      context.writeAndFlush(data, promise: promise)
      context.close(promise: nil)
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    stall?.cancel()
    stall = nil
    if !context.channel.isWritable {
      let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
      stall = context.eventLoop.scheduleTask(in: .milliseconds(Int64(times.stall * 1000))) {
        bound.value.close(promise: nil)
      }
    }
    context.fireChannelWritabilityChanged()
  }

  private func enter(_ phase: Phase, _ seconds: Double?, _ context: ChannelHandlerContext) {
    self.phase = phase
    deadline?.cancel()
    deadline = nil
    guard let seconds else { return }
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    deadline = context.eventLoop.scheduleTask(in: .milliseconds(Int64(seconds * 1000))) {
      let (connection, context) = bound.value
      connection.expire(context)
    }
  }

  /// A client that was asked nothing yet is told why; one that is idle, or is being answered, is only left.
  private func expire(_ context: ChannelHandlerContext) {
    if phase == .head {
      var head = HTTPResponse(status: .requestTimeout)
      head.headerFields[.connection] = "close"
      head.headerFields[.contentLength] = "0"
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
    context.close(promise: nil)
  }
}
