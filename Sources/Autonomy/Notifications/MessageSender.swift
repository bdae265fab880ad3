import Coordination
import DSLBase
import Telemetry

/// What became of sending one message.
enum Delivery: Sendable, Equatable {
  /// The receiver has it.
  case delivered
  /// It may work later; the reason as a phrase.
  case failed(String)
  /// It never will, because the receiver understood it and does not want it; the reason as a phrase.
  case refused(String)
}

/// Sends one message one time.
protocol MessageSender: Sendable {
  /// Sends an event; ends soon when its task is cancelled.
  func send(_ event: JSONValue, to receiver: NotifySettings.Receiver) async -> Delivery
}

/// Sends messages out of the process: over HTTP, to a program, into a file.
struct OutwardSender: MessageSender {
  /// Statuses that say that this very message will not do (RFC 9110, section 15.5); all others but 2xx may pass.
  private static let final: Set<Int> = [400, 410, 413, 415, 422]
  /// A secret is a line; larger files are something else.
  private static let secretBytes = 16 << 10
  /// Size at which a file of messages is rotated, and how many are kept.
  private static let rotation = (bytes: Int64(16 << 20), keep: 5)

  let directory: CoordinationDirectory
  let environment: [String: String]
  let transport: any HTTPTransport
  let runner: ProgramRunner

  func send(_ event: JSONValue, to receiver: NotifySettings.Receiver) async -> Delivery {
    switch receiver.way {
    case .webhook(let webhook): await post(event, webhook)
    case .command(let program): await run(event, program)
    case .file(let path): append(event, path)
    }
  }

  private func post(_ event: JSONValue, _ webhook: NotifySettings.Webhook) async -> Delivery {
    do throws(DSLError) {
      let isSlack = webhook.format == .slack
      let body = isSlack ? CloudEvent.slack(event) : event
      var request = HTTPPost(
        url: try reveal(webhook.url), body: Array(body.text().utf8), timeoutSeconds: webhook.timeoutSeconds)
      request.headers = [
        .init("Content-Type", isSlack ? "application/json; charset=utf-8" : CloudEvent.contentType),
        .init("User-Agent", "dsl/\(DSLVersion.current)"),
      ]
      if let token = webhook.token {
        request.headers.append(.init("Authorization", "Bearer \(try reveal(token))"))
      }
      let status = try await transport.post(request).status
      if (200...299).contains(status) { return .delivered }
      let reason = "POST \(HTTPPost.masked(request.url)): status \(status)"
      return Self.final.contains(status) ? .refused(reason) : .failed(reason)
    } catch {
      return .failed(error.description)
    }
  }

  private func run(_ event: JSONValue, _ program: ProgramSettings.Program) async -> Delivery {
    do throws(ProgramFailure) {
      let question: JSONObject = ["event": event, "text": .string(CloudEvent.text(event))]
      _ = try await runner.ask(program, .notify, question, mayBeSilent: true, endsWithTask: true)
      return .delivered
    } catch {
      return .failed(error.message)
    }
  }

  private func append(_ event: JSONValue, _ path: String) -> Delivery {
    let exporter = OTLPFileExporter(
      files: directory.files, path: place(path), rotateBytes: Self.rotation.bytes, keep: Self.rotation.keep)
    do {
      try exporter.export(Array(event.text().utf8))
      return .delivered
    } catch {
      return .failed("\(error)")
    }
  }

  private func reveal(_ secret: NotifySettings.Secret) throws(DSLError) -> String {
    switch secret {
    case .plain(let text): return text
    case .environment(let name):
      guard let value = environment[name], !value.isEmpty else {
        throw DSLError(.notFound, "the environment variable \(name) is not set")
      }
      return value
    case .file(let path):
      let bytes: [UInt8]
      do throws(FileError) { bytes = try directory.files.read(place(path), limit: Self.secretBytes) } catch {
        throw error.asDSLError
      }
      let words = String(decoding: bytes, as: UTF8.self).split { $0.isWhitespace }
      guard words.count == 1, let word = words.first else {
        throw DSLError(.invalidInput, "\(place(path)) does not hold one word")
      }
      return String(word)
    }
  }

  private func place(_ path: String) -> String { path.hasPrefix("/") ? path : "\(directory.path)/\(path)" }
}
