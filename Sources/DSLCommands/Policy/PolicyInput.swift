import Autonomy
import Coordination
import DSLBase
import DecisionEngine
import Glibc

extension Context {
  private static let sizeLimit = 1 << 20

  /// An engine under the settings in force, with the policy that an argument names.
  ///
  /// - Parameter name: `default`, `dslmodel`, or a file, looked up here and then in the coordination directory; the
  ///   configured policy when `nil`.
  /// - Throws: `notFound`, or `invalidInput` with every problem in the file.
  func policyEngine(_ name: String?, _ settings: Settings) throws -> DecisionEngine {
    DecisionEngine(
      policy: try policySource(name, settings).load(
        types: settings.backendTypes + settings.programs.handlers.map(\.type),
        catalog: settings.metricCatalog),
      health: settings.health, limits: settings.limits)
  }

  /// The same, for the model of a fleet.
  ///
  /// - Throws: `unsupported` for a policy that only a simulated cluster can tell anything about.
  func fleetEngine(_ name: String?, _ settings: Settings) throws -> DecisionEngine {
    let engine = try policyEngine(name, settings)
    let foreign = engine.policy.clusterMetrics(engine.health).map(\.rawValue).joined(separator: ", ")
    guard foreign.isEmpty else {
      throw DSLError(
        .unsupported,
        "policy \(engine.policy.name) asks about \(foreign), which the model of a fleet does not have",
        fix:
          "check it on clusters: dsl policy check FILE --backend sim; compare it there: dsl sim evaluate --policy engine:FILE"
      )
    }
    return engine
  }

  private func policySource(_ name: String?, _ settings: Settings) throws -> PolicySource {
    PolicySource(name.map(policyPath) ?? settings.policy, directory)
  }

  /// The policy that an argument names, for a setting: where a file of that name is here, its whole path. What a setting names
  /// is looked up in the coordination directory, also by a loop that reads it again.
  func policyPath(_ name: String) -> String {
    guard !name.hasPrefix("/"), name.contains(where: { $0 == "/" || $0 == "." }),
      (try? files.status(name)) != nil, let here = getcwd(nil, 0)
    else { return name }
    defer { free(here) }
    return String(cString: here) + "/" + name
  }

  /// The text of a file that an argument names.
  ///
  /// - Throws: `notFound`, `io`.
  func text(of path: String) throws -> String {
    do throws(FileError) {
      return String(decoding: try files.read(path, limit: Self.sizeLimit), as: UTF8.self)
    } catch {
      throw error.asDSLError
    }
  }
}
