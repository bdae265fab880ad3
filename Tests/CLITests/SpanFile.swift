import DSLBase
import Foundation
import Testing

extension Shell {
  /// The spans that commands left in the coordination directory.
  func spans() throws -> [JSONValue] {
    let file = directory.appendingPathComponent("coordination/.dsl/telemetry/spans.jsonl")
    return try Data(contentsOf: file).split(separator: 0x0A).flatMap { line in
      let resources = try JSONParser.parse(Array(line))["resourceSpans"]?.array ?? []
      return resources.flatMap { $0["scopeSpans"]?.array ?? [] }.flatMap { $0["spans"]?.array ?? [] }
    }
  }

  /// Expects that all spans are as `docs/semconv` declares them, and that some of each of these names are among them.
  func expectDeclaredSpans(
    including names: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let (spans, registry) = (try spans(), try Registry())
    let faults = Set(spans.flatMap { registry.violations(span: $0) })
    #expect(faults.isEmpty, "\(faults.sorted())", sourceLocation: sourceLocation)
    let missing = Set(names).subtracting(spans.compactMap { $0["name"]?.string })
    #expect(missing.isEmpty, "no span \(missing.sorted())", sourceLocation: sourceLocation)
  }
}
