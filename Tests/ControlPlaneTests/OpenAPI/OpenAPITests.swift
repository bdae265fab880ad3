import DSLBase
import Foundation
import Testing

@testable import ControlPlane

/// The OpenAPI document that is served says what the routes are.
@Suite struct OpenAPITests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  private static let served = root.appendingPathComponent("Sources/ControlPlane/Page/Files/openapi.json")
  private static let shown = root.appendingPathComponent("docs/openapi.json")
  private static let simServed = root.appendingPathComponent(
    "Sources/ControlPlane/Page/Files/sim-openapi.json")

  private func document() throws -> String {
    OpenAPIDocument(table: try TestSurface(receiver: Echo()).table, schemas: try schemas()).json.text(
      .pretty) + "\n"
  }

  private func simDocument() throws -> String {
    let document = OpenAPIDocument(
      table: try TestRoom().table, schemas: try schemas(),
      about:
        "What `dsl sim serve` answers. An answer is an envelope as `dsl --json` prints them; an error is one too, "
        + "with metadata.code and, where there is one, metadata.fix. docs/serve.md tells more.", more: [])
    return document.json.text(.pretty) + "\n"
  }

  private func schemas() throws -> [String: JSONValue] {
    var schemas: [String: JSONValue] = [:]
    let folder = Self.root.appendingPathComponent("docs/schemas")
    for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
      let name = file.lastPathComponent.replacingOccurrences(of: ".schema.json", with: "")
      schemas[name] = try JSONParser.parse(Array(try Data(contentsOf: file)))
    }
    return schemas
  }

  @Test func theServedDocumentIsThatOfTheRoutes() throws {
    let text = try document()
    if ProcessInfo.processInfo.environment["RECORD"] == "1" {
      for file in [Self.served, Self.shown] { try Data(text.utf8).write(to: file) }
    }
    for file in [Self.served, Self.shown] {
      // Not in the expectation: it would print both, 8000 lines each.
      let isSame = try String(contentsOf: file, encoding: .utf8) == text
      #expect(isSame, "\(file.path): RECORD=1 records it anew")
    }
    let isBuiltIn = PackageResources.openapi_json == Array(text.utf8)
    #expect(isBuiltIn, "build again after recording")
  }

  @Test func theSimulatorsDocumentIsThatOfItsRoutes() throws {
    let text = try simDocument()
    if ProcessInfo.processInfo.environment["RECORD"] == "1" {
      try Data(text.utf8).write(to: Self.simServed)
    }
    let isSame = try String(contentsOf: Self.simServed, encoding: .utf8) == text
    #expect(isSame, "\(Self.simServed.path): RECORD=1 records it anew")
    let isBuiltIn = PackageResources.sim_openapi_json == Array(text.utf8)
    #expect(isBuiltIn, "build again after recording")
  }

  @Test func everyReferenceLeadsSomewhere() throws {
    for (text, count) in [(try document(), 100), (try simDocument(), 50)] {
      let document = try JSONParser.parse(Array(text.utf8))
      let links = document.text().matches(of: /"\$ref":"#\/([^"]+)"/).map { String($0.1) }
      #expect(links.count > count)
      for link in Set(links) {
        var place: JSONValue? = document
        for part in link.split(separator: "/") { place = place?[String(part)] }
        #expect(place != nil, "\(link)")
      }
    }
  }

  @Test func operationsHaveNamesOfTheirOwn() throws {
    let names = try document().matches(of: /"operationId": "([^"]+)"/).map { String($0.1) }
    #expect(names.count > 15 && Set(names).count == names.count)
  }
}
