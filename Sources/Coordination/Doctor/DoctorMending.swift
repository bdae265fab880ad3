package import DSLBase

/// A file that the doctor moves, by paths below the coordination directory.
package struct DoctorMove: Sendable, Equatable {
  package var from: String
  package var to: String

  package var json: JSONValue { ["from": .string(from), "to": .string(to)] }

  init(from: String, to: String) {
    self.from = from
    self.to = to
  }

  /// As noted in the journal; `nil` for what is no move within the directory.
  package init?(json: JSONValue) {
    guard let from = json["from"]?.string, let to = json["to"]?.string,
      ![from, to].contains(where: { $0.hasPrefix("/") || $0.split(separator: "/").contains("..") })
    else { return nil }
    self.init(from: from, to: to)
  }
}

extension DoctorExamination {
  private static let folder = ".dsl/quarantine/temps"

  /// The moves that mend what was found: temps go to quarantine, each under a name of its own. Nothing is done yet, so that it
  /// can be noted before.
  ///
  /// - Throws: `io`.
  package func moves(_ facts: DoctorFacts) throws(DSLError) -> [DoctorMove] {
    var taken: Set<String> = []
    var moves: [DoctorMove] = []
    for temp in facts.temps {
      let name = AtomicFile.split(temp).name
      var to = "\(Self.folder)/\(name)"
      var number = 1
      while true {
        let isFree = try !isThere(to)
        if isFree, !taken.contains(to) { break }
        number += 1
        to = "\(Self.folder)/\(name)-\(number)"
      }
      taken.insert(to)
      moves.append(DoctorMove(from: String(temp.dropFirst(directory.path.utf8.count + 1)), to: to))
    }
    return moves
  }

  /// Carries moves out, and writes what is finished to files.
  ///
  /// - Returns: what was done, a sentence each.
  /// - Throws: `io`; what was done before stays done.
  package func mend(_ facts: DoctorFacts, _ moves: [DoctorMove]) throws(DSLError) -> [String] {
    var done: [String] = []
    if !moves.isEmpty {
      try WorkQueue.filed { () throws(FileError) in
        for path in [directory.state, directory.quarantine, at(Self.folder)] {
          try AtomicFile.makeDirectory(directory.files, path)
        }
        try move(moves.map { ($0.from, $0.to) })
      }
      done.append("moved \(moves.count.counted("temp")) to \(at(Self.folder)); back with: dsl doctor --undo")
    }
    if let queue = facts.queue, queue.unprojected > 0, facts.engineActs != true {
      // Opening it for writing writes down what a dead process left.
      _ = try WorkQueue(directory: directory, time: time, seed: seed, access: .readWrite)
      done.append("wrote \(queue.unprojected) finished items to files")
    }
    return done
  }

  /// Moves files back to where they were: all, or none when a place is taken.
  ///
  /// - Returns: what was done, a sentence each; also of files that are not where they were put.
  /// - Throws: `conflict` naming the place that is taken; `io`.
  package func moveBack(_ moves: [DoctorMove]) throws(DSLError) -> [String] {
    var back: [DoctorMove] = []
    var notes: [String] = []
    for move in moves {
      guard try isThere(move.to) else {
        // Never moved, as the mending was cut short; or taken away since.
        if try !isThere(move.from) { notes.append("\(at(move.to)) is gone") }
        continue
      }
      guard try !isThere(move.from) else {
        throw DSLError(
          .conflict, "\(at(move.from)) is there again, so nothing was moved back",
          fix: "move it away, or leave \(at(move.to)) where it is")
      }
      back.append(move)
    }
    try WorkQueue.filed { () throws(FileError) in try move(back.reversed().map { ($0.to, $0.from) }) }
    if !back.isEmpty {
      let place = back.count == 1 ? "it was" : "they were"
      notes.insert("moved \(back.count.counted("temp")) back to where \(place)", at: 0)
    }
    return notes
  }

  /// Renames within the directory, and makes that durable: first where the files are, then where they were.
  private func move(_ pairs: [(from: String, to: String)]) throws(FileError) {
    for pair in pairs { try directory.files.renameExclusively(at(pair.from), to: at(pair.to)) }
    let targets = Set(pairs.map { AtomicFile.split(at($0.to)).directory })
    let sources = Set(pairs.map { AtomicFile.split(at($0.from)).directory })
    for folder in targets.sorted() + sources.sorted() { try directory.files.sync(directory: folder) }
  }

  private func at(_ path: String) -> String { "\(directory.path)/\(path)" }

  private func isThere(_ path: String) throws(DSLError) -> Bool {
    try WorkQueue.filed { () throws(FileError) in try directory.files.status(at(path)) != nil }
  }
}
