import DSLBase
import DecisionEngine
import Testing

@testable import Autonomy

@Suite struct CloudEventTests {
  private var event: JSONValue {
    var book = IncidentBook()
    let signal = IncidentSignal("health", "fleet", .critical, "<@here> 0.2 & \"low\"", .holds(patient: false))
    let changes = book.take([signal], at: Timestamp(seconds: 1_790_000_000), .init())
    return CloudEvent.of(changes[0], source: CloudEvent.source(host: "h 1", path: "/srv/a b/ä"))
  }

  @Test func theyHaveTheAttributesThatTheSpecificationRequires() {
    let event = event
    #expect(event["specversion"] == "1.0" && event["type"] == "dsl.incident.opened")
    #expect(event["source"] == "dsl://h%201/srv/a%20b/%C3%A4")
    #expect(event["id"]?.string?.hasSuffix("-1") == true)
    #expect(event["time"] == "2026-09-21T14:13:20.000000Z")
    // Names of attributes are lower-case letters and digits, at most 20 (CloudEvents 1.0.2, section 3.1).
    for name in event.object?.keys ?? [] {
      #expect(
        name.utf8.count <= 20 && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) })
    }
    #expect(event["data"]?["severity"] == "critical")
  }

  @Test func slackGetsNoMentionsAndLinks() {
    #expect(
      CloudEvent.slack(event) == [
        "text": "[critical] opened: health fleet: &lt;@here&gt; 0.2 &amp; \"low\""
      ])
  }

  @Test(arguments: [
    ("https://hooks.example.com/services/T0/B0/secret", "https://hooks.example.com/…"),
    ("https://user:pw@example.com:8443", "https://example.com:8443"),
    ("http://127.0.0.1:9/?token=x", "http://127.0.0.1:9/…"), ("http://h/", "http://h"), ("nonsense", "…"),
  ]) func urlsAreShownWithoutWhatMayBeSecret(url: String, shown: String) {
    #expect(HTTPPost.masked(url) == shown)
  }

  @Test func aProgramWithoutHTTPSaysSo() async throws {
    let post = HTTPPost(url: "https://h/secret", body: [], timeoutSeconds: 5)
    do throws(DSLError) {
      _ = try await NoTransport().post(post)
      Issue.record("it was sent")
    } catch {
      #expect(error.code == .unsupported && error.message.contains("https://h/…"))
    }
  }
}
