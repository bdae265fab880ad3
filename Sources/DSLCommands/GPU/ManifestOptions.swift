import ArgumentParser
import DSLBase
import GPUScheduling

/// The manifests that a command reads.
struct ManifestOptions: ParsableArguments {
  @Option(
    name: .customLong("manifests"),
    help: ArgumentHelp(
      "Manifests of neuronetes.io/v1alpha1, YAML or JSON; may be repeated; - for stdin. Also -f, as in kubectl.",
      valueName: "file"))
  var files: [String] = []

  /// With references resolved.
  func resolved(_ context: Context) throws -> ManifestSet {
    try ManifestSet(try Self.manifests(files, context))
  }

  /// All of them, each valid by itself.
  ///
  /// - Throws: `invalidInput` with the problems of every file.
  static func manifests(_ files: [String], _ context: Context) throws -> [Manifest] {
    var (found, problems): ([Manifest], [String]) = ([], [])
    for file in files {
      let text = String(decoding: try Input.bytes(file, context), as: UTF8.self)
      do {
        found += try ManifestReader.manifests(text, file: Input.name(file))
      } catch let error as DSLError where error.code == .invalidInput {
        problems.append(error.message)
      }
    }
    if !problems.isEmpty { throw DSLError(.invalidInput, problems.joined(separator: "\n")) }
    return found
  }

}
