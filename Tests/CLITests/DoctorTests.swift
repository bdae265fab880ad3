import Foundation
import Testing

/// `dsl doctor --undo`, on a mending that the journal tells of.
@Suite struct DoctorTests {
  @Test(.enabled(if: Shell.has("python3"), "needs python3")) func aMendingIsTakenBackOnce() throws {
    let shell = try Shell()
    try shell("dsl init coordination && dsl auto execute")
    let none = try shell("dsl doctor --undo")
    #expect(none.status == 6 && none.err.contains("no --fix has moved anything"), "\(none)")
    // The doctor looks at when a file last changed, which no program can set: what it did is planted.
    try shell.write("coordination/.dsl/quarantine/temps/.work_w.json.77-1.tmp", Data("half".utf8))
    try shell.write(
      "plant.py",
      Data(
        #"""
        import json, sqlite3
        move = {"from": ".work_w.json.77-1.tmp", "to": ".dsl/quarantine/temps/.work_w.json.77-1.tmp"}
        store = sqlite3.connect("coordination/.dsl/journal.sqlite")
        for at, moved in [("2026-01-01T00:00:00Z", [move]), ("2026-01-02T00:00:00Z", [])]:
            note = json.dumps({"done": ["did it"], "moved": moved})
            store.execute("INSERT INTO state (key, value) VALUES (?, ?)", ("doctor " + at, note))
        store.commit()
        """#.utf8))
    let planted = try shell("python3 plant.py")
    #expect(planted.status == 0, "\(planted.err)")
    try shell.write("coordination/.work_w.json.77-1.tmp", Data("new".utf8))
    let taken = try shell("dsl doctor --undo")
    #expect(taken.status == 5 && taken.err.contains(".work_w.json.77-1.tmp is there again"), "\(taken)")
    let done = try shell(
      "rm coordination/.work_w.json.77-1.tmp; dsl --json doctor --undo | jq -c .data.undone")
    #expect(done.out == "[\"moved 1 temp back to where it was\"]\n", "\(done)")
    #expect(try shell("cat coordination/.work_w.json.77-1.tmp").out == "half")
    #expect(try shell("dsl doctor --undo").status == 6, "once")
    #expect(
      try shell("dsl journal info --format json | jq '[.notes[] | select(.note.undone)] | length'").out
        == "1\n")
    #expect(try shell("dsl doctor --fix --undo").status == 64)
  }
}
