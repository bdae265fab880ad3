import DSLBase

/// Gathers what is known of one source while records go by, and judges it at the end.
///
/// | status     | when, first match wins |
/// |------------|------|
/// | missing    | the directory was never initialised: nothing shows that the source exists |
/// | corrupt    | a file of it cannot be read |
/// | fresh      | no records, in an initialised directory: an empty source is a fact, not a gap |
/// | unverified | records, but none tells its age |
/// | stale      | the newest record is older than the limit, or lies in the future by more than the limit |
/// | fresh      | otherwise |
struct SourceTally {
  let source: String
  /// Seconds; `nil` for a source that does not grow stale.
  let limitSeconds: Double?
  private(set) var records = 0
  private(set) var unreadable = 0
  private var newest: Int64?
  private var oldest: Int64?
  private var zoneAssumed = false
  private var untimed = 0

  init(_ source: String, limitSeconds: Double?) {
    self.source = source
    self.limitSeconds = limitSeconds
  }

  mutating func add(time: Int64, zoneAssumed assumed: Bool) {
    records += 1
    guard time != RecordFacts.noTime else {
      untimed += 1
      return
    }
    newest = max(newest ?? time, time)
    oldest = min(oldest ?? time, time)
    if assumed { zoneAssumed = true }
  }

  mutating func addUnreadable() { unreadable += 1 }

  func evidence(at now: Timestamp, initialised: Bool) -> SourceEvidence {
    let age = newest.map { now.seconds(since: Timestamp(nanoseconds: $0)) }
    return SourceEvidence(
      source: source, status: status(age, initialised), records: records, unreadable: unreadable,
      newestAgeSeconds: age, oldestAgeSeconds: oldest.map { now.seconds(since: Timestamp(nanoseconds: $0)) },
      limitSeconds: limitSeconds, notes: notes(age))
  }

  private func status(_ age: Double?, _ initialised: Bool) -> EvidenceStatus {
    guard initialised else { return .missing }
    if unreadable > 0 { return .corrupt }
    if records == 0 { return .fresh }
    guard let age else { return .unverified }
    guard let limitSeconds else { return .fresh }
    return age.magnitude > limitSeconds ? .stale : .fresh
  }

  private func notes(_ age: Double?) -> [String] {
    var notes: [String] = []
    if untimed > 0 { notes.append("\(untimed) of \(records) records tell no time") }
    if zoneAssumed { notes.append("some times have no zone; the zone is assumed") }
    if let age, age < -1 { notes.append("the newest record lies \((-age).rounded()) s in the future") }
    return notes
  }
}
