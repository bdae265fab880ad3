package import DSLBase

/// One thing that happened, as followers are told.
package struct ServedEvent: Sendable, Equatable {
  /// The journal's entry that it is about; `nil` for what the journal does not keep.
  package var number: Int64?
  package var name: Name
  package var data: JSONValue

  /// What happened.
  package struct Name: RawRepresentable, Sendable, Hashable {
    package var rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    /// A turn of the loop ended; the payload is a cycle as `dsl auto history --cycles` lists it.
    package static let cycle = Self(rawValue: "cycle")
    /// The state of health is another than in the cycle before.
    package static let health = Self(rawValue: "health")
    /// A decision was made, carried out, undone or judged; as `dsl auto history` lists it.
    package static let decision = Self(rawValue: "decision")
    /// A request for approval came up, was answered or ended; as `dsl auto pending` lists it.
    package static let approval = Self(rawValue: "approval")
    /// A pause began or ended; as `dsl auto pause` reports it.
    package static let pause = Self(rawValue: "pause")
    /// Incidents opened, changed or closed; all that are open, as `dsl notify list` reports them.
    package static let incidents = Self(rawValue: "incidents")
    /// Somebody asked something of the time of the loop's simulated cluster, or steps that were asked for are made.
    package static let pace = Self(rawValue: "pace")
    /// What there is now, as `dsl auto status` reports it; comes without a number every few seconds.
    package static let status = Self(rawValue: "status")
    /// More happened than is told one by one: read everything anew.
    package static let gap = Self(rawValue: "gap")

    /// Those that follow a directory.
    static let all: [Name] = [
      .cycle, .health, .decision, .approval, .pause, .incidents, .pace, .training, .study, .status, .gap,
    ]
  }

  package init(_ number: Int64?, _ name: Name, _ data: JSONValue) {
    self.number = number
    self.name = name
    self.data = data
  }

  /// In the form of server-sent events (WHATWG HTML, section 9.2).
  package var text: String {
    (number.map { "id: \($0)\n" } ?? "") + "event: \(name.rawValue)\ndata: \(data.text())\n\n"
  }
}
