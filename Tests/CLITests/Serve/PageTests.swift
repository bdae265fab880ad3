import Foundation
import Testing

/// The page in a real browser: it says nothing on the console, fits, can be read, tells why, changes things and follows.
@Suite(
  .enabled(
    if: Shell.has("chromium") && Shell.python(with: "websockets") != nil,
    "chromium or websockets in .build/venv is missing: ci/setup installs them"))
struct PageTests {
  @Test func itWorksInABrowser() throws {
    let served = try Served(prepare: { _ = try $0("dsl auto execute") })
    let python = try #require(Shell.python(with: "websockets"))
    let script = Shell.root.appendingPathComponent("Tests/CLITests/Serve/Clients/page.py").path
    let look = try Program(
      served.shell,
      "exec '\(python)' '\(script)' \(served.port) \(Served.secret) '\(served.shell.directory.path)'")
    #expect(Moment.wait(90) { !look.objects.isEmpty || !look.isRunning }, "\(look.err)")
    #expect(try served.shell("dsl auto resume").status == 0, "the page's pause holds: \(look.err)")
    #expect(try look.end(within: 60) == 0, "\(look.err)")
    let seen = try #require(look.objects.last)
    for member in ["live", "why", "asks", "paused", "resumed"] {
      #expect(seen[member] as? Bool == true, "\(member): \(seen)")
    }
    // Asking for a change without the token is answered by 401, which a browser notes.
    let complaints = (seen["complaints"] as? [String] ?? ["none"]).filter { !$0.contains("401") }
    #expect(complaints.isEmpty)
    #expect((seen["decisions"] as? Int ?? 0) > 0)
    #expect(seen["unnamed"] as? [String] == [] && seen["contrast"] as? [String] == [], "\(seen)")
    let widths = seen["widths"] as? [String: Bool] ?? [:]
    #expect(widths.count == 6 && widths.values.allSatisfy { $0 }, "\(widths)")
    #expect(seen["focus"] as? String != "none")
  }
}
