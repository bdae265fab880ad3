import Coordination
import DSLBase
import Testing

@testable import DSLCommands

@Suite struct EngineProbeTests {
  private let files = InMemoryFileSystem()
  private let directory: CoordinationDirectory

  init() throws {
    try files.makeDirectory("/c")
    try files.makeDirectory("/c/.dsl")
    directory = CoordinationDirectory(path: "/c", files: files)
  }

  @Test func aLockThatWasNeverTakenIsNotCreated() throws {
    #expect(EngineProbe(directory).isHeld == false)
    #expect(try files.status(directory.engineLock) == nil)
  }

  @Test func aHeldLockIsSeenAndStaysHeld() throws {
    let engine = try #require(try files.lock(directory.engineLock, exclusive: true, wait: false))
    #expect(EngineProbe(directory).isHeld == true)
    #expect(try files.lock(directory.engineLock, exclusive: true, wait: false) == nil)
    engine.unlock()
    #expect(EngineProbe(directory).isHeld == false)
    // The probe has let go of it: an engine can start.
    #expect(try files.lock(directory.engineLock, exclusive: true, wait: false) != nil)
  }

  @Test func whatCannotBeToldIsNotNo() throws {
    try files.makeDirectory(directory.engineLock)
    let probe = EngineProbe(directory)
    #expect(probe.isHeld == nil && probe.warnings.count == 1)
  }
}
