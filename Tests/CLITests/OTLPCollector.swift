import DSLBase
import Foundation
import Testing

/// A collector that keeps what it gets and answers as it is told: Python's HTTP server.
final class OTLPCollector {
  /// Answers in order, the last one again and again: a status, `silent`, `partial`, or `later` (503 with Retry-After).
  private static let script = #"""
    import gzip, http.server, json, os, sys, threading, time
    answers = sys.argv[1].split(",")
    lock = threading.Lock()
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def log_message(self, *arguments): pass
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            packed = self.headers.get("Content-Encoding") == "gzip"
            with lock:
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                with open("requests.jsonl", "a") as file:
                    file.write(json.dumps({"path": self.path, "headers": dict(self.headers), "answer": answer,
                        "body": json.loads(gzip.decompress(body) if packed else body)}) + "\n")
            if answer == "silent":
                time.sleep(60)
                return
            kinds = {"traces": "Spans", "metrics": "DataPoints", "logs": "LogRecords"}
            reply = {}
            if answer == "partial":
                kind = kinds.get(self.path.rsplit("/", 1)[1], "Spans")
                reply = {"partialSuccess": {"rejected" + kind: "1", "errorMessage": "too old"}}
            data = json.dumps(reply).encode()
            self.send_response({"partial": 200, "later": 503}.get(answer) or int(answer))
            if answer == "later": self.send_header("Retry-After", "1")
            if answer == "302": self.send_header("Location", "/elsewhere")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with open(".port", "w") as file: file.write(str(server.server_address[1]))
    os.rename(".port", "port")
    server.serve_forever()
    """#

  private let shell: Shell
  private let server: Program
  let port: Int

  init(_ shell: Shell, answers: String = "200") throws {
    self.shell = shell
    try shell.write("collector.py", Array(Self.script.utf8))
    server = try Program(shell, "exec python3 collector.py \(answers)")
    let file = shell.directory.appendingPathComponent("port")
    var found: Int?
    _ = Moment.wait {
      found = (try? String(contentsOf: file, encoding: .utf8)).flatMap { Int($0) }
      return found != nil
    }
    port = try #require(found, "the collector listens: \(server.err)")
  }

  deinit { server.signal(9) }

  var url: String { "http://127.0.0.1:\(port)" }

  /// What came, in order.
  func requests() throws -> [JSONValue] {
    let file = shell.directory.appendingPathComponent("requests.jsonl")
    guard let data = try? Data(contentsOf: file) else { return [] }
    return try data.split(separator: 0x0A).map { try JSONParser.parse(Array($0)) }
  }

  /// The items of a signal that were taken: spans, metrics or log records.
  func items(_ signal: String) throws -> [JSONValue] {
    let words = [
      "traces": ("resourceSpans", "scopeSpans", "spans"),
      "metrics": ("resourceMetrics", "scopeMetrics", "metrics"),
      "logs": ("resourceLogs", "scopeLogs", "logRecords"),
    ]
    let (resource, scope, list) = try #require(words[signal])
    return try requests().filter { $0["path"]?.string == "/v1/\(signal)" && $0["answer"] != "later" }
      .flatMap { $0["body"]?[resource]?.array ?? [] }.flatMap { $0[scope]?.array ?? [] }
      .flatMap { $0[list]?.array ?? [] }
  }
}
