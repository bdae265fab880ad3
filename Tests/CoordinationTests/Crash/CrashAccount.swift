import Coordination
import DSLBase
import SweepFolders
import Testing

/// A prepared beginning of a scenario, to be put into as many directories as needed.
struct CrashBeginning: Sendable {
  let scenario: CrashScenario
  let image: DiskImage
  let claims: [String: Claim]
  /// Seconds on the clock since it began.
  let elapsed: Double

  init(_ scenario: CrashScenario) throws {
    let (folder, time) = (try SweepFolder(), ManualTime())
    try scenario.plant(folder.path)
    var claims: [String: Claim] = [:]
    if scenario.before["f"] != nil {
      let queue = try Self.queue(folder.path, time)
      claims = try scenario.prepare(queue, time, folder.path)
    }
    self.scenario = scenario
    self.claims = claims
    image = try DiskImage(reading: folder.path, PosixFileSystem())
    elapsed = time.monotonicSeconds
  }

  /// The clock as it stands at the beginning.
  var time: ManualTime {
    let time = ManualTime()
    time.advance(seconds: elapsed)
    return time
  }

  static func queue(
    _ path: String, _ time: ManualTime, files: any FileSystem = PosixFileSystem(), seed: UInt64 = 1
  ) throws -> WorkQueue {
    try WorkQueue(
      directory: CoordinationDirectory(path: path, files: files), time: time, seed: seed, access: .readWrite)
  }
}

/// What has to hold of a directory after a crash in a scenario, once somebody has opened the queue again.
struct CrashAccount {
  let beginning: CrashBeginning
  /// What users had been told.
  let told: [String]
  let path: String
  let what: String

  private var scenario: CrashScenario { beginning.scenario }

  /// Recovers, and checks everything.
  func check() throws {
    // After a reboot: another boot, whose clock begins anew.
    let time = ManualTime(beginning.time.now.adding(seconds: 5), origin: "after")
    let first = try recovered(time)
    let places = try expectPlaces(first.image)
    expectNeighbours(first.image)
    try expectPromises(first.queue)
    let second = try recovered(time)
    #expect(second.image.files == first.image.files, "\(what): recovering again changes nothing")
    try expectLifeGoesOn(second.queue, time, places)
  }

  private func recovered(_ time: ManualTime) throws -> (queue: WorkQueue, image: DiskImage) {
    let queue = try CrashBeginning.queue(path, time, seed: 99)
    try queue.flush()
    _ = try queue.statistics()
    let files = PosixFileSystem()
    _ = try AtomicFile.removeLeftovers(files, path, unchangedSince: Timestamp(nanoseconds: .max))
    return (queue, try DiskImage(reading: path, files))
  }

  private func places(_ id: String, _ image: DiskImage) -> [Place] {
    let files: [(String, Place)] = [
      ("work_\(id).json", .live), ("completed_\(id).json", .completed), ("failed_\(id).json", .failed),
      (".dsl/quarantine/work_\(id).json", .quarantined),
    ]
    return files.filter { image.files[$0.0] != nil }.map(\.1)
  }

  /// Each item is in exactly one place, the one that was promised, whole.
  private func expectPlaces(_ image: DiskImage) throws -> [String: Place] {
    var result: [String: Place] = [:]
    for id in Set(scenario.before.keys).union(scenario.after.keys).sorted() {
      let from = scenario.before[id] ?? .nowhere
      let to = scenario.after[id] ?? from
      let found = places(id, image)
      let promised = told.contains("\(id) \(to.rawValue)") ? [to] : [from, to]
      let place = found.first ?? .nowhere
      result[id] = place
      #expect(found.count <= 1, "\(what): \(id) is in several places: \(found)")
      #expect(promised.contains(place), "\(what): \(id) is \(place), expected \(promised)")
      guard let text = content(id, place, image) else { continue }
      if scenario.before[id] == nil {
        #expect((try? JSONParser.parse(Array(text.utf8)))?["n"] == 1, "\(what): \(id): \(text)")
        continue
      }
      for fragment in CrashScenario.fragments where id != "x" || scenario != .completeDamaged {
        #expect(text.contains(fragment), "\(what): \(id) has lost \(fragment): \(text)")
      }
      if !scenario.rewrites || scenario.after[id] == nil {
        #expect(text.contains(CrashScenario.text(id)), "\(what): \(id) is not byte for byte: \(text)")
      }
      if scenario == .completeEdited, id == "x" {
        #expect(text.contains(CrashScenario.edited), "\(what): the edit is lost: \(text)")
      }
    }
    return result
  }

  private func content(_ id: String, _ place: Place, _ image: DiskImage) -> String? {
    let path: String
    switch place {
    case .nowhere: return nil
    case .live: path = "work_\(id).json"
    case .completed, .failed: path = "\(place.rawValue)_\(id).json"
    case .quarantined: path = ".dsl/quarantine/work_\(id).json"
    }
    return image.files[path].map { String(decoding: $0, as: UTF8.self) }
  }

  /// Nothing else has changed, and nothing else has come.
  private func expectNeighbours(_ image: DiskImage) {
    func others(_ image: DiskImage) -> [String: [UInt8]] {
      image.files.filter { path, _ in
        let concerned = scenario.after.keys.contains { path.hasSuffix("_\($0).json") }
        let isDamaged = scenario == .completeDamaged && path.contains(".damaged-")
        return !concerned && !path.hasSuffix(".lock") && !isDamaged
      }
    }
    let (was, found) = (others(beginning.image), others(image))
    #expect(found == was, "\(what): \(Set(was.keys).symmetricDifference(found.keys).sorted())")
    guard scenario == .completeDamaged else { return }
    let damaged = image.files.filter { $0.value == Array("damaged {".utf8) }
    #expect(damaged.count == 1, "\(what): what somebody wrote into the file is kept: \(damaged.keys)")
  }

  /// What was told beside where items are.
  private func expectPromises(_ queue: WorkQueue) throws {
    for line in told {
      let words = line.split(separator: " ").map(String.init)
      if words[0] == "held", let epoch = Int64(words[2]) {
        let claim = ClaimReference(id: words[1], epoch: epoch, token: words[3])
        #expect(try queue.renew([claim], leaseSeconds: 1e6).isEmpty, "\(what): the claim is lost")
      } else if words[0] == "tried" {
        #expect(try queue.show(words[1]).attempts == 1, "\(what): the failed attempt is forgotten")
      } else if words[0] == "taken", let claim = beginning.claims[words[1]] {
        #expect(try queue.renew([claim.reference], leaseSeconds: 1e6) == [words[1]], "\(what): still held")
      }
    }
  }

  /// All that is left to do can be done, once.
  private func expectLifeGoesOn(
    _ queue: WorkQueue, _ time: ManualTime, _ places: [String: Place]
  ) throws {
    time.advance(seconds: 1e7)
    let claims = try queue.claim(agent: "next", leaseSeconds: 10, count: 100)
    var left = places.filter { $0.value == .live }.keys.sorted()
    // What is damaged is nobody's work; what had lost its last lease is given up now.
    if scenario == .completeDamaged || scenario == .park { left.removeAll { $0 == "x" } }
    #expect(claims.map(\.id).sorted() == left, "\(what): can be worked on")
    _ = try queue.complete(claims.map { Completion(claim: $0.reference, result: "late") })
    try queue.flush()
    let image = try DiskImage(reading: path, PosixFileSystem())
    for id in claims.map(\.id) {
      #expect(self.places(id, image) == [.completed], "\(what): \(id) at the end")
    }
  }
}
