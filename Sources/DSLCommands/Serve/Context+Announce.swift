import DSLBase

extension Context {
  /// Says where a server listens, as soon as it does: with a port of 0 nobody knows before. The report is for programs; people
  /// read the sentence, on standard error.
  func announce(_ report: Report, _ global: GlobalOptions, _ sentence: String) {
    if global.json {
      console.write(report.envelope(at: time.now).text() + "\n")
    } else if global.format == .json || global.format == .jsonl {
      console.write(report.data.text() + "\n")
    } else {
      console.note("dsl: " + sentence)
    }
  }
}
