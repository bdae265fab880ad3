import Foundation
import Testing

/// The page of `dsl serve`, driven in a real browser as people use it: by eye, by keyboard, on a telephone, in the dark.
@Suite(.enabled(if: Shell.has("chromium"), "Chromium is missing: ci/setup test installs it"))
struct PageTests {
  @Test func peopleCanUseIt() throws {
    let served = try Served()
    let outcome = try served.client("page.py", Served.secret)
    #expect(outcome.status == 0, "\(outcome.out)\n\(outcome.err)")
    #expect(outcome.out.split(separator: "\n").count == 28, "\(outcome.out)")
  }

  /// What the fleet says is text: no file of the page has a way to make markup of it.
  @Test func nothingIsParsedAsMarkup() throws {
    let folder = Shell.root.appendingPathComponent("Sources/ControlPlane/Page/Files")
    let scripts = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "js" }
    #expect(scripts.count == 9)
    for script in scripts {
      let text = try String(contentsOf: script, encoding: .utf8)
      for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"]
      {
        #expect(!text.contains(word), "\(script.lastPathComponent) has \(word)")
      }
    }
  }
}
