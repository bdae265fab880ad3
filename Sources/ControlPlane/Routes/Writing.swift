import Autonomy
import Coordination
import DSLBase
import HTTPTypes
import DecisionEngine

/// What may be changed over HTTP: what a person does about a loop that runs, and new work. All of it needs the token.
///
/// A rollback is not among it: it needs the lead, which a loop that runs has.
struct Writing: Sendable {
  /// Items of one request at most.
  private static let itemLimit = 1000
  static let name = Route.Member("by", nameSchema, isRequired: true)
  private static let nameSchema: JSONValue = [
    "type": "string", "minLength": 1, "maxLength": 200,
    "pattern": "^[^\\s\\u0000-\\u001f\\u007f]+( [^\\s\\u0000-\\u001f\\u007f]+)*$",
    "description": "Who asks for it, for the record.",
  ]

  /// Any JSON object; its id becomes a part of a file's name.
  private static let item: JSONValue = [
    "type": "object",
    "properties": ["id": ["type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"]],
  ]

  let surface: ControlSurface
  let looks: LookingThread
  /// The machine, for the record.
  let host: String

  var routes: [Route] {
    [
      answer("approve", approves: true, "Approve a decision that waits for it."),
      answer(
        "reject", approves: false, "Reject a decision that waits for approval, or take an approval back."),
      pause, resume, add,
    ] + paces
  }

  func post(
    _ path: String, _ command: String, _ summary: String,
    _ make: @escaping @Sendable (Call, JSONObject) async throws -> Envelope
  ) -> Route {
    let looks = looks
    return Route(.post, "/api/v1" + path, .change, summary, command: command) { call in
      let body = try Self.object(call.body)
      return .envelope(try await looks.run { try await make(call, body) })
    }
  }

  static func object(_ bytes: [UInt8]) throws(DSLError) -> JSONObject {
    do throws(JSONError) {
      guard let object = try JSONParser.parse(bytes).object else {
        throw JSONError("expected an object", at: 0)
      }
      return object
    } catch {
      throw DSLError(.invalidInput, "the body is no JSON object", cause: error.description)
    }
  }

  /// Who asks: under the name given, by way of the token, which is an account of its own.
  func person(_ body: JSONObject) throws(DSLError) -> Identity {
    let name = try Self.text("by", body, limit: 200) ?? ""
    let words = name.split(separator: " ", omittingEmptySubsequences: false)
    guard !words.contains(where: { $0.isEmpty || $0.contains { $0.isWhitespace } }) else {
      throw DSLError(.invalidInput, "by: expected words with single spaces between")
    }
    return Identity(name: name, user: "http", host: host)
  }

  static func text(
    _ name: String, _ body: JSONObject, limit: Int, isRequired: Bool = true
  ) throws(DSLError) -> String? {
    guard let value = body[name] else {
      guard !isRequired else { throw DSLError(.invalidInput, "the body has no member \(name)") }
      return nil
    }
    guard let text = value.string, Parameter.isText(text, limit) else {
      throw DSLError(
        .invalidInput, "\(name): expected 1 to \(limit) characters, none of them a control character")
    }
    return text
  }

  static func requireKnown(_ body: JSONObject, _ names: [String]) throws(DSLError) {
    for key in body.keys where !names.contains(key) {
      throw DSLError(
        .invalidInput, "the body has an unknown member", fix: "members: \(names.joined(separator: ", "))")
    }
  }

  private func answer(_ verb: String, approves: Bool, _ summary: String) -> Route {
    let path = "/approvals/{id}/\(verb)"
    return post(path, "auto-\(verb)", summary) { call, body in
      try Self.requireKnown(body, ["by", "comment"])
      let who = try person(body)
      let comment = try Self.text("comment", body, limit: 2000, isRequired: false) ?? ""
      let machine = ApprovalMachine(try surface.settings().settings.approval)
      let now = surface.time.now
      let vote = Approval.Vote(who: who, approves: approves, at: now, comment: comment)
      let stored = try surface.journalForNotes().changeApproval(call.text("id") ?? "", at: now) { stored in
        try machine.vote(try Approval(stored: stored), vote).stored
      }
      return Envelope("auto-\(verb)", ["approval": try Approval(stored: stored).json(at: now)])
    }.taking(Reading.id("The id of the request (p-…) or decision (d-…).")).reading(
      Self.name, Route.Member("comment", Parameter.textSchema(2000))
    ).failing(.notFound, .conflict)
  }

  private var pause: Route {
    post("/pause", "auto-pause", "Let the loop look and decide, but do nothing, for a time.") { _, body in
      try Self.requireKnown(body, ["by", "for", "reason"])
      let who = try person(body)
      let reason = try Self.text("reason", body, limit: 500) ?? ""
      let length = try Self.text("for", body, limit: 7) ?? ""
      guard length.wholeMatch(of: /[1-9][0-9]{0,5}[smh]/) != nil, let seconds = YAMLQuantity.seconds(length)
      else { throw DSLError(.invalidInput, "for: expected a duration such as 30m or 2h") }
      let time = surface.time
      let pause = try surface.journalForNotes(creating: true)
        .pause(seconds: seconds, by: who.name, reason: reason, time)
      return Envelope("auto-pause", ["pause": pause.json(time)])
    }.reading(
      Self.name,
      Route.Member("for", ["type": "string", "pattern": "^[1-9][0-9]{0,5}[smh]$"], isRequired: true),
      Route.Member("reason", Parameter.textSchema(500), isRequired: true)
    ).failing(.notFound)
  }

  private var resume: Route {
    post("/resume", "auto-resume", "End a pause before its time.") { _, body in
      try Self.requireKnown(body, ["by"])
      let time = surface.time
      let pause = try surface.journalForNotes().resume(by: try person(body).name, time)
      return Envelope("auto-resume", ["pause": pause.json(time)])
    }.reading(Self.name).failing(.notFound, .invalidState)
  }

  private var add: Route {
    post("/work", "work-add", "Add work items, durably, all or none.") { _, body in
      try Self.requireKnown(body, ["items", "skip_existing"])
      guard let items = body["items"]?.array, (1...Self.itemLimit).contains(items.count) else {
        throw DSLError(.invalidInput, "items: expected 1 to \(Self.itemLimit) JSON objects")
      }
      let new = try items.map { item throws(DSLError) in
        guard let fields = item.object else {
          throw DSLError(.invalidInput, "items: expected JSON objects, found \(item.kind)")
        }
        if let id = fields["id"] {
          guard id.string?.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{0,99}/) != nil else {
            throw DSLError(
              .invalidInput, "items: an id has 1 to 100 letters, digits, dots, dashes and underscores")
          }
        }
        return NewWorkItem(fields: fields)
      }
      let skips = body["skip_existing"]
      guard skips == nil || skips?.bool != nil else {
        throw DSLError(.invalidInput, "skip_existing: expected true or false")
      }
      let queue = try surface.queue(.readWrite)
      let added = try queue.add(new, skipExisting: skips?.bool ?? false)
      var envelope = Envelope(
        "work-add",
        ["added": .strings(added), "count": .int(added.count), "skipped": .int(new.count - added.count)])
      envelope.warnings = queue.takeWarnings()
      return envelope
    }.reading(
      Route.Member(
        "items", ["type": "array", "minItems": 1, "maxItems": .int(Self.itemLimit), "items": Self.item],
        isRequired: true),
      Route.Member("skip_existing", ["type": "boolean"])
    ).failing(.conflict)
  }
}
