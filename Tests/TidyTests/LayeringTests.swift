import Testing

/// The layering table of `docs/architecture.md` against what the sources import and the package declares.
@Suite struct LayeringTests {
  /// Target → our targets that it may import. An arrow points down only.
  static let mayImport: [String: [String]] = [
    "DSLBase": [],
    "CLinux": [],
    "CZlib": [],
    "Telemetry": ["DSLBase", "CLinux", "CZlib"],
    "Coordination": ["DSLBase", "CLinux", "CZlib"],
    "DecisionEngine": ["DSLBase"],
    "GPUScheduling": ["DSLBase"],
    "CClusterSim": [],
    "ClusterSim": ["CClusterSim", "DSLBase", "DecisionEngine"],
    "ClusterSimABI": ["ClusterSim", "DSLBase"],
    "ClusterSimViews": ["CZlib", "ClusterSim", "DSLBase"],
    "Autonomy": [
      "DSLBase", "CLinux", "AnomalyDetection", "Coordination", "SignalStore", "Telemetry", "DecisionEngine",
      "ClusterSim", "GPUScheduling",
    ],
    "AnomalyDetection": ["DSLBase"],
    "SignalStore": ["DSLBase", "CZlib", "Coordination", "Telemetry"],
    "HTTPTransports": ["DSLBase"],
    "ControlPlane": [
      "DSLBase", "AnomalyDetection", "Coordination", "SignalStore", "Telemetry", "DecisionEngine", "Autonomy",
      "ClusterSim", "ClusterSimViews",
    ],
    "DSLCommands": [
      "DSLBase", "CLinux", "Coordination", "Telemetry", "DecisionEngine", "Autonomy", "ClusterSim",
      "ClusterSimViews", "GPUScheduling", "AnomalyDetection", "SignalStore", "HTTPTransports", "ControlPlane",
    ],
    "dsl": ["DSLCommands"],
    "RandomPolicies": ["DSLBase"],
    "SweepFolders": ["DSLBase"],
    "EmbeddedEngine": ["Autonomy", "DSLBase", "DecisionEngine"],
    "dsl-bench": [
      "DSLBase", "AnomalyDetection", "ClusterSim", "Coordination", "SignalStore", "Telemetry",
      "DecisionEngine", "Autonomy", "GPUScheduling",
    ],
  ]

  /// Package → the targets that may use it: each has one home.
  static let homes: [String: [String]] = [
    "Yams": ["DSLBase"], "GRDB": ["Coordination", "SignalStore"], "GRDBSQLite": ["Coordination"],
    "AsyncHTTPClient": ["HTTPTransports"], "NIOCore": ["ControlPlane", "HTTPTransports"],
    "NIOSSL": ["ControlPlane", "HTTPTransports"], "NIOHTTP1": ["ControlPlane", "HTTPTransports"],
    "NIOPosix": ["ControlPlane", "HTTPTransports"], "NIOHTTPTypes": ["ControlPlane"],
    "HTTPTypes": ["ControlPlane"],
    "Hummingbird": ["ControlPlane"], "HummingbirdTLS": ["ControlPlane"], "HummingbirdCore": ["ControlPlane"],
    "ServiceLifecycle": ["ControlPlane"], "CoreMetrics": ["Telemetry", "Autonomy"],
    "Metrics": ["Telemetry", "Autonomy"],
    "Tracing": ["Telemetry", "Autonomy"],
    "Logging": ["Telemetry", "Autonomy", "ControlPlane", "DSLCommands"],
    "ArgumentParser": ["DSLCommands", "dsl"],
  ]

  /// What comes with the toolchain.
  static let toolchain: Set<String> = [
    "FoundationEssentials", "Glibc", "Musl", "Darwin", "Synchronization", "Dispatch",
  ]

  @Test func importsPointDown() throws {
    for file in try SourceTree.files(in: "Sources", suffixes: [".swift"]) {
      let allowed = try #require(Self.mayImport[file.target], "\(file.path): a target outside the table")
      for line in file.code where line.contains("import ") {
        guard
          let match = line.firstMatch(
            of: /^(?:@testable )?(?:public |package |internal )?import (?:struct |class )?(\w+)/)
        else { continue }
        let module = String(match.1)
        if Self.toolchain.contains(module) { continue }
        if let homes = Self.homes[module] {
          #expect(homes.contains(file.target), "\(file.path) imports \(module), whose home is \(homes)")
        } else {
          #expect(allowed.contains(module), "\(file.path) imports \(module)")
        }
      }
    }
  }

  @Test func thePackageDeclaresNoArrowUpwards() throws {
    let text = try SourceTree.file("Package.swift").lines.joined(separator: "\n")
    let blocks = text.matches(
      of: /\.(?:target|executableTarget)\(\s*name: "([\w-]+)",\s*dependencies: \[([^\]]*)\]/)
    #expect(blocks.count >= 6)
    for block in blocks {
      let target = String(block.1)
      let allowed = try #require(Self.mayImport[target], "target \(target) is outside the table")
      let own = String(block.2).replacing(/\.product\([^)]*\)/, with: "").matches(of: /"([\w-]+)"/).map {
        String($0.1)
      }
      for name in own { #expect(allowed.contains(name), "Package.swift: \(target) depends on \(name)") }
    }
  }

  @Test func theTableHasNoCycle() {
    for (target, below) in Self.mayImport.sorted(by: { $0.key < $1.key }) {
      var reached: Set<String> = []
      var open = below
      while let next = open.popLast() {
        if reached.insert(next).inserted { open += Self.mayImport[next] ?? [] }
      }
      #expect(!reached.contains(target), "\(target) reaches itself")
    }
  }
}
