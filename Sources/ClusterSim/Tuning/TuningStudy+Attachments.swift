import DSLBase

extension TuningStudy {
  /// Whether a file of that name is attached to the study, by whomever.
  package func hasAttachment(named name: String) -> Bool {
    (study?.systemAttributes ?? [:]).contains { member in
      guard member.key.hasPrefix(StudyAttachment.prefix), let said = member.value.string else { return false }
      return (try? JSONParser.parse(Array(said.utf8)))?["filename"]?.string == name
    }
  }

  /// Whether this one is attached to the study.
  package func has(_ attachment: StudyAttachment) -> Bool {
    study?.systemAttributes[attachment.attribute.key] == attachment.attribute.value
  }
}

extension TuningStudy.Writer {
  /// Characters of a note in one attribute at most: `SYSTEM_ATTR_MAX_LENGTH` of optuna-dashboard.
  private static let noteLength = 2045

  /// Attaches files, which are in the store already, to a trial that has not ended.
  package func attach(_ attachments: [StudyAttachment], toTrial id: Int) -> [UInt8] {
    attachments.flatMap { attachment in
      let (key, value) = attachment.attribute
      return line(.trialSystemAttribute, ["trial_id": .int(id), "system_attr": [key: value]])
    }
  }

  /// Attaches files, which are in the store already, to the study; those that are attached stay so.
  package func attach(_ attachments: [StudyAttachment], to tuning: TuningStudy) -> [UInt8] {
    attachments.filter { !tuning.has($0) }.flatMap { attachment in
      let (key, value) = attachment.attribute
      return attribute(tuning, key, value)
    }
  }

  /// Puts a note on the page of a trial, or of the study, where optuna-dashboard looks for it: in attributes of the study, in pieces,
  /// with a version that grows (`optuna_dashboard/_note.py`).
  ///
  /// - Parameter trial: its id, `nil` for the study itself.
  package func note(_ text: String, onTrial trial: Int?, of tuning: TuningStudy) -> [UInt8] {
    let prefix = "dashboard:" + (trial.map { "\($0):" } ?? "")
    let there = tuning.study?.systemAttributes ?? [:]
    func key(_ piece: Int) -> String { "\(prefix)note_str:\(piece)" }
    let letters = Array(text.unicodeScalars)
    var pieces = stride(from: 0, to: letters.count, by: Self.noteLength).map { start in
      var piece = String.UnicodeScalarView()
      piece.append(contentsOf: letters[start..<min(start + Self.noteLength, letters.count)])
      return String(piece)
    }
    // What a longer note left would stand behind this one.
    while there[key(pieces.count)] != nil { pieces.append("") }
    guard pieces.indices.contains(where: { there[key($0)] != .string(pieces[$0]) }) else { return [] }
    let version = "\(prefix)note_ver"
    var lines = attribute(tuning, version, .int((there[version]?.int ?? 0) + 1))
    for (i, piece) in pieces.enumerated() { lines += attribute(tuning, key(i), .string(piece)) }
    return lines
  }

  private func attribute(_ tuning: TuningStudy, _ key: String, _ value: JSONValue) -> [UInt8] {
    line(.studySystemAttribute, ["study_id": .int(tuning.study?.id ?? 0), "system_attr": [key: value]])
  }
}
