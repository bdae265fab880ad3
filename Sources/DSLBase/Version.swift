/// The version of this program, by semantic versioning.
public enum DSLVersion {
  /// As `dsl --version`, spans and the journal have it.
  public static let current = "0.1.0"
}
