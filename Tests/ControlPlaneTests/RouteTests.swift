import Autonomy
import Coordination
import DSLBase
import DecisionEngine
import HTTPTypes
import Telemetry
import Testing

@testable import ControlPlane

/// What routes answer and do, without a socket.
@Suite struct RouteTests {
  private func failure(_ body: () async throws -> Envelope) async -> DSLError.Code? {
    do { _ = try await body() } catch { return (error as? DSLError)?.code }
    return nil
  }

  @Test func readsOfAnEmptyDirectoryAnswer() async throws {
    let world = try TestSurface()
    for path in [
      "status", "analyze", "agents", "decisions", "cycles", "approvals", "incidents", "work", "traces",
    ] {
      let envelope = try await world.call(.get, "/api/v1/" + path)
      #expect(envelope.data.object?.isEmpty == false, "\(path)")
    }
    #expect(await failure { try await world.call(.get, "/api/v1/decisions/d-none") } == .notFound)
    #expect(await failure { try await world.call(.get, "/api/v1/work/w-1") } == .notFound)
    #expect(await failure { try await world.call(.get, "/api/v1/traces/x") } == .notFound)
    #expect(try world.directory.files.status(world.directory.journal) == nil, "looking creates no journal")
  }

  @Test func aDecisionIsListedAndShown() async throws {
    let world = try TestSurface()
    try world.fill()
    let report = try await world.turn()
    let id = try #require(report.decisions.first?.decision.id)
    let list = try await world.call(.get, "/api/v1/decisions").data["decisions"]?.array ?? []
    #expect(list.count == report.decisions.count)
    let last = [("limit", "1"), ("offset", "\(list.count - 1)")]
    let one = try await world.call(.get, "/api/v1/decisions", last)
    #expect(one.data["decisions"]?.array == list.suffix(1))
    #expect(try await world.call(.get, "/api/v1/decisions/\(id)").data["timeline"]?.array?.isEmpty == false)
    let none = try await world.call(.get, "/api/v1/decisions", [("outcome", "failed")])
    #expect(none.data["count"] == 0)
  }

  @Test func workIsAddedAllOrNone() async throws {
    let world = try TestSurface()
    let body = #"{"items":[{"id":"a"},{"task":"x"}]}"#
    #expect(try await world.call(.post, "/api/v1/work", body: body).data["count"] == 2)
    #expect(
      await failure {
        try await world.call(.post, "/api/v1/work", body: #"{"items":[{"id":"b"},{"id":"a"}]}"#)
      } == .conflict)
    #expect(await failure { try await world.call(.get, "/api/v1/work/b") } == .notFound)
    let again = try await world.call(
      .post, "/api/v1/work", body: #"{"items":[{"id":"a"}],"skip_existing":true}"#)
    #expect(again.data["skipped"] == 1)
  }

  @Test(arguments: [
    "", "[]", "{", #"{"items":[]}"#, #"{"items":[1]}"#, #"{"items":[{}],"more":1}"#,
    #"{"items":[{}],"skip_existing":"yes"}"#, #"{"items":[{"id":"../x"}]}"#, #"{"items":[{"id":{}}]}"#,
  ])
  func badWorkIsRefused(body: String) async throws {
    let world = try TestSurface()
    #expect(await failure { try await world.call(.post, "/api/v1/work", body: body) } == .invalidInput)
  }

  @Test func aPauseHoldsAndEnds() async throws {
    let world = try TestSurface()
    let body = #"{"by":"alice","for":"2h","reason":"a move"}"#
    let pause = try await world.call(.post, "/api/v1/pause", body: body)
    #expect(pause.data["pause"]?["by"] == "alice")
    let readiness = Readiness(world.surface)
    #expect(readiness.isReady && !readiness.acts && readiness.holds.contains { $0.contains("alice") })
    _ = try await world.call(.post, "/api/v1/resume", body: #"{"by":"bob"}"#)
    #expect(
      await failure { try await world.call(.post, "/api/v1/resume", body: #"{"by":"bob"}"#) }
        == .invalidState)
    for bad in [
      #"{"for":"2h","reason":"x"}"#, #"{"by":"a","for":"0s","reason":"x"}"#,
      #"{"by":" ","for":"1h","reason":"x"}"#,
    ] {
      #expect(
        await failure { try await world.call(.post, "/api/v1/pause", body: bad) } == .invalidInput,
        "\(bad)")
    }
  }

  @Test func anApprovalOverHTTPLetsTheDecisionThrough() async throws {
    var settings = Settings()
    settings.gates.approval = .init(types: [.scaleUp])
    let world = try TestSurface(settings: settings)
    try world.fill()
    #expect(try await world.turn().executed.allSatisfy { $0.decision.type != .scaleUp })
    let pending = try await world.call(.get, "/api/v1/approvals").data["pending"]?.array ?? []
    let id = try #require(pending.first?["id"]?.string)
    let answer = try await world.call(
      .post, "/api/v1/approvals/\(id)/approve", body: #"{"by":"alice","comment":"seen"}"#)
    #expect(answer.data["approval"]?["status"] == "approved")
    #expect(answer.data["approval"]?["votes"]?.array?.first?["user"] == "http")
    #expect(try await world.turn().executed.contains { $0.decision.type == .scaleUp })
    #expect(
      await failure { try await world.call(.post, "/api/v1/approvals/p-none/reject", body: #"{"by":"a"}"#) }
        == .notFound)
  }

  @Test func telemetryGoesToTheReceiverAndItsReplyBack() async throws {
    #expect(try TestSurface().table.find(.post, path: "/v1/traces").found == nil, "no receiver, no route")
    let table = try TestSurface(receiver: Echo()).table
    for signal in OTLPSignal.allCases {
      let route = try #require(table.find(.post, path: "/v1/\(signal.rawValue)").found?.route)
      guard case .content(_, let body, let status, _) = try await route.handle(Call(body: [1, 2])) else {
        Issue.record("an envelope")
        continue
      }
      #expect(status.code == 200)
      #expect(String(decoding: body, as: UTF8.self) == "{\"signal\":\"\(signal.rawValue)\",\"bytes\":2}")
    }
  }

  @Test func readinessNamesWhatIsWrong() async throws {
    var settings = Settings()
    settings.policy = "./no-such-policy.yaml"
    let world = try TestSurface(settings: settings)
    let readiness = Readiness(world.surface)
    #expect(!readiness.isReady && readiness.reasons.contains { $0.hasPrefix("policy: ") })
    #expect(readiness.json["checks"]?["directory"] == "ok")
  }
}
