package import DSLBase

/// The state as JSON, so that what was learned outlives the process.
extension IssueDetector {
  /// Told apart from states of programs that learn otherwise.
  private static let format = 1

  /// All that was learned. Reading it back gives the same detector, bit for bit.
  package var json: JSONValue {
    [
      "format": .int(Self.format), "windows_per_false_alarm": .double(settings.windowsPerFalseAlarm),
      "maximum_services": .int(settings.maximumServices), "late_windows": .int(lateWindows),
      "services": .array(services.sorted { $0.key < $1.key }.map { $0.value.json(name: $0.key) }),
      "failing": .array(
        failing.map {
          [
            "service": .string($0.service), "onset": .int($0.onset.nanoseconds),
            "seen": .int($0.seen.nanoseconds),
          ]
        }),
    ]
  }

  /// A detector that goes on from a saved state.
  ///
  /// - Throws: `DSLError` `.corrupt`, naming the member that is not as it should be, and `.unsupported` for a state of
  ///   another format: begin anew then.
  package init(json: JSONValue) throws(DSLError) {
    let fields = try JSONFields(json, "state of the detectors")
    guard try fields.int("format") == Self.format else {
      throw DSLError(
        .unsupported, "state of the detectors: format \(try fields.int("format")), expected \(Self.format)",
        fix: "remove it; the detectors learn anew")
    }
    self.init(
      settings: Settings(
        windowsPerFalseAlarm: try fields.double("windows_per_false_alarm"),
        maximumServices: try fields.int("maximum_services")))
    lateWindows = try fields.int("late_windows")
    for value in try fields.array("services") {
      let service = try JSONFields(value, "service in the state of the detectors")
      services[try service.string("service")] = try ServiceRecord(service)
    }
    for value in try fields.array("failing") {
      let entry = try JSONFields(value, "failing service in the state of the detectors")
      failing.append(
        Failing(
          service: try entry.string("service"), onset: try entry.instant("onset"),
          seen: try entry.instant("seen")))
    }
  }
}

extension ServiceRecord {
  fileprivate func json(name: String) -> JSONValue {
    [
      "service": .string(name), "start": .int(start.nanoseconds), "length": .double(length),
      "errors": errors.json, "latency": latency.json, "throughput": throughput.json, "agents": agents.json,
      "callers": .strings(callers),
      "resources": .array(
        resources.map { resource in
          [
            "name": .string(resource.name), "baseline": resource.baseline.json,
            "times": .array(resource.trail.points.map { .int($0.time.nanoseconds) }),
            "used": .array(resource.trail.points.map { .double($0.used) }),
          ]
        }),
    ]
  }

  fileprivate init(_ fields: JSONFields) throws(DSLError) {
    self.init(start: try fields.instant("start"), length: try fields.double("length"))
    errors = try SignalBaseline(fields["errors"])
    latency = try SignalBaseline(fields["latency"])
    throughput = try SignalBaseline(fields["throughput"])
    agents = try SignalBaseline(fields["agents"])
    callers = try fields.strings("callers")
    for value in try fields.array("resources") {
      let entry = try JSONFields(value, "resource in the state of the detectors")
      var points: [ResourceTrail.Point] = []
      for (time, used) in zip(try entry.array("times"), try entry.numbers("used")) {
        points.append(.init(time: Timestamp(nanoseconds: Int64(time.int ?? 0)), used: used))
      }
      resources.append(
        Resource(
          name: try entry.string("name"), baseline: try SignalBaseline(entry["baseline"]),
          trail: ResourceTrail(points: points)))
    }
  }
}

extension SignalBaseline {
  fileprivate var json: JSONValue {
    [
      "levels": .numbers(levels.values), "innovations": .numbers(innovations.values),
      "profiles": .array(profiles.map(\.json)), "errors": .array(errors.map(JSONValue.optional)),
      "echoes": .array(echoes.map(\.json)), "last": .optional(last.map { Int($0.nanoseconds) }),
      "evidence": .double(evidence.value), "onset": .optional(evidence.onset.map { Int($0.nanoseconds) }),
      "alarmed": .int(alarmed), "whitens": .bool(whitens),
    ]
  }

  fileprivate init(_ value: JSONValue?) throws(DSLError) {
    let fields = try JSONFields(value, "signal in the state of the detectors")
    self.init(whitens: try fields.bool("whitens"))
    levels = SlidingOrder(capacity: Self.memory, values: try fields.numbers("levels"))
    innovations = SlidingOrder(capacity: Self.memory, values: try fields.numbers("innovations"))
    let saved = try fields.array("profiles")
    for (index, profile) in zip(profiles.indices, saved) { try profiles[index].read(profile) }
    for (index, error) in zip(errors.indices, try fields.array("errors")) { errors[index] = error.double }
    for (index, echo) in zip(echoes.indices, try fields.array("echoes")) { echoes[index] = try Echo(echo) }
    last = fields["last"] == nil ? nil : try fields.instant("last")
    let onset = fields["onset"] == nil ? nil : try fields.instant("onset")
    evidence = ChangeEvidence(value: try fields.double("evidence"), onset: onset)
    alarmed = try fields.int("alarmed")
  }
}

extension Echo {
  fileprivate var json: JSONValue {
    ["signs": .double(signs), "count": .int(count), "previous": .optional(previous)]
  }

  fileprivate init(_ value: JSONValue) throws(DSLError) {
    let fields = try JSONFields(value, "echo in the state of the detectors")
    self.init(
      signs: try fields.double("signs"), count: try fields.int("count"), previous: fields["previous"]?.double)
  }
}

extension SeasonalProfile {
  fileprivate var json: JSONValue {
    [
      "slots": .array(slots.map(JSONValue.numbers)), "hour": .optional(current.map { Int($0) }),
      "values": .numbers(values),
    ]
  }

  fileprivate mutating func read(_ value: JSONValue) throws(DSLError) {
    let fields = try JSONFields(value, "profile in the state of the detectors")
    let slots = try fields.array("slots").map { ($0.array ?? []).compactMap(\.double) }
    guard slots.count == hours else {
      throw DSLError(
        .corrupt, "profile in the state of the detectors: \(slots.count) hours, expected \(hours)")
    }
    let hour = fields["hour"]?.int.map { Int64($0) }
    self = SeasonalProfile(
      hours: hours, depth: depth, slots: slots, current: hour, values: try fields.numbers("values"))
  }
}

extension JSONFields {
  fileprivate func instant(_ name: String) throws(DSLError) -> Timestamp {
    Timestamp(nanoseconds: Int64(try int(name)))
  }

  fileprivate func numbers(_ name: String) throws(DSLError) -> [Double] {
    try array(name).compactMap(\.double)
  }
}

extension JSONValue {
  fileprivate static func numbers(_ values: [Double]) -> JSONValue { .array(values.map(JSONValue.double)) }
}
