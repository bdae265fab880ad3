import ArgumentParser
import DSLBase
import GPUScheduling

/// `dsl gpu validate`: whether manifests say what they may, and how they look in one form.
struct GPUValidateCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Check manifests of models, agent classes, pools and tool bindings.",
    discussion: """
      Fields of both original definitions are accepted. Every problem is told by file, line and field; references have to lead
      to manifests that are given too. --canonical prints the manifests in the one form that the CRDs describe, defaults
      filled in; --crd prints the CRDs.

      Examples:
        dsl gpu validate examples/gpu/manifests.yaml
        dsl gpu validate model.yaml pools.yaml --canonical | kubectl apply -f -
        dsl gpu validate --crd | kubectl apply -f -
      """)
  static let reportName = "gpu-validate"

  @Argument(
    help: ArgumentHelp("Manifests of neuronetes.io/v1alpha1, YAML or JSON; - for stdin.", valueName: "file"))
  var files: [String] = []

  @Flag(help: "Print the manifests in their canonical form.")
  var canonical = false

  @Flag(help: "Print the custom resource definitions.")
  var crd = false

  @Flag(help: "Leave out whether references lead somewhere.")
  var noReferences = false

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if files.isEmpty, !crd {
      throw ValidationError("name a file, or ask for the CRDs with --crd")
    }
  }

  func report(_ context: Context) async throws -> Report? {
    let manifests = try ManifestOptions.manifests(files, context)
    if !noReferences { _ = try ManifestSet(manifests) }
    let definitions = crd ? ManifestKind.allCases.map(\.definition) : []
    let forms = canonical ? manifests.map(\.json) : []
    let data: JSONValue = [
      "manifests": .array(
        manifests.map { manifest in
          [
            "kind": .string(manifest.kind.rawValue), "name": .string(manifest.name),
            "namespace": .string(manifest.namespace),
            "file": .string(manifest.file), "line": .int(manifest.line),
          ]
        }),
      "canonical": .array(forms), "crds": .array(definitions),
    ]
    return Report(Self.reportName, data) { _ in
      let documents = (definitions + forms).map { YAMLText.of($0) }
      if !documents.isEmpty { return documents.joined(separator: "---\n") }
      return manifests.map { "\($0.file):\($0.line): \(Shown.safe($0.title)) is valid\n" }.joined()
    }
  }
}
