import DSLBase
import FoundationEssentials
import Glibc

/// A directory of its own for one test, removed with everything in it at the end.
final class Scratch: Sendable {
  let path: String

  init() throws {
    var template = Array((FileManager.default.temporaryDirectory.path + "/dsl-test-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw DSLError(.io, "mkdtemp failed with \(errno)") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// What a file holds; nothing when it is not there.
  func text(_ name: String) -> String {
    FileManager.default.contents(atPath: "\(path)/\(name)").map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  func write(_ name: String, _ text: String) throws {
    guard FileManager.default.createFile(atPath: "\(path)/\(name)", contents: Data(text.utf8)) else {
      throw DSLError(.io, "cannot write \(name)")
    }
  }
}

/// Programs that tests run.
enum Child {
  static func start(_ arguments: [String], output: String = "/dev/null") throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    let pointers = arguments.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    var pid: pid_t = 0
    guard posix_spawnp(&pid, arguments[0], &actions, nil, pointers, environ) == 0 else {
      throw DSLError(.io, "cannot run \(arguments[0])")
    }
    return pid
  }

  /// - Returns: whether it ended with 0.
  static func run(_ arguments: [String], output: String = "/dev/null") throws -> Bool {
    let pid = try start(arguments, output: output)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) == -1, errno == EINTR {}
    return status == 0
  }

  static func has(_ program: String, _ argument: String) -> Bool {
    (try? run([program, argument])) == true
  }
}

/// `server.py`, for as long as this lives.
final class TestServer {
  struct Request {
    var method: String
    var path: String
    var body: String
    var headers: JSONValue
    /// Tells connections apart.
    var port: Int
  }

  let scratch: Scratch
  let port: Int
  private let pid: pid_t

  /// - Parameter certificates: of the server, its key, and the authority of clients.
  init(_ certificates: [String] = []) throws {
    scratch = try Scratch()
    let script = #filePath.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/server.py"
    pid = try Child.start(["python3", script, scratch.path] + certificates, output: scratch.path + "/output")
    var found: Int?
    for _ in 0..<1500 where found == nil {
      found = Int(scratch.text("port"))
      if found == nil { usleep(20_000) }
    }
    guard let found else {
      kill(pid, SIGKILL)
      throw DSLError(.timeout, "the server does not listen: \(scratch.text("output"))")
    }
    port = found
  }

  deinit {
    kill(pid, SIGKILL)
    var status: Int32 = 0
    waitpid(pid, &status, 0)
  }

  func url(_ path: String, scheme: String = "http", host: String = "127.0.0.1") -> String {
    "\(scheme)://\(host):\(port)\(path)"
  }

  var requests: [Request] {
    scratch.text("log").split(separator: "\n").compactMap { line in
      guard let json = try? JSONParser.parse(Array(line.utf8)) else { return nil }
      return Request(
        method: json["method"]?.string ?? "", path: json["path"]?.string ?? "",
        body: json["body"]?.string ?? "", headers: json["headers"] ?? .null, port: json["port"]?.int ?? 0)
    }
  }
}

/// Authorities and certificates made by openssl.
struct TestCertificates {
  let folder: Scratch

  init() throws {
    folder = try Scratch()
    for name in ["authority", "stranger"] {
      try openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=\(name) "
          + "-keyout \(self[name, "key"]) -out \(self[name])")
    }
    try issue("server", "subjectAltName=IP:127.0.0.1,DNS:localhost")
    try issue("elsewhere", "subjectAltName=DNS:elsewhere.example")
    try issue("client", "extendedKeyUsage=clientAuth")
  }

  /// The path of a certificate, or of the key to it.
  subscript(_ name: String, _ suffix: String = "pem") -> String { "\(folder.path)/\(name).\(suffix)" }

  private func issue(_ name: String, _ extensions: String) throws {
    try folder.write("\(name).ext", extensions + "\n")
    try openssl(
      "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=\(name) "
        + "-keyout \(self[name, "key"]) -out \(self[name, "csr"])")
    try openssl(
      "x509 -req -in \(self[name, "csr"]) -CA \(self["authority"]) -CAkey \(self["authority", "key"]) "
        + "-CAcreateserial -days 2 -extfile \(self[name, "ext"]) -out \(self[name])")
  }

  private func openssl(_ arguments: String) throws {
    let words = ["openssl"] + arguments.split(separator: " ").map(String.init)
    guard try Child.run(words, output: folder.path + "/output") else {
      throw DSLError(.io, "\(arguments): \(folder.text("output"))")
    }
  }
}
