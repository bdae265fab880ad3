/// What an engine may write.
package enum EngineAccess: Sendable, Equatable {
  /// No record and no journal. Spans and the index are kept up only where `.dsl` exists and can be written.
  case look
  /// Nothing at all below the coordination directory.
  case dryRun
  /// Everything, under the engine's lock.
  case act
}
