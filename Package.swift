// swift-tools-version: 6.2

import PackageDescription

/// House settings of every target: Swift 6 mode, explicit `any`, imports that are internal and member-exact,
/// and no warnings.
let house: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "dsl",
  products: [
    .executable(name: "dsl", targets: ["dsl"]),
    .library(name: "Autonomy", targets: ["Autonomy", "DecisionEngine", "DSLBase"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // MARK: L5 - the executable and its commands
    .executableTarget(name: "dsl", dependencies: ["DSLCommands"], swiftSettings: house),
    .executableTarget(
      name: "dsl-bench", dependencies: ["ClusterSim", "Coordination", "DSLBase", "DecisionEngine"],
      swiftSettings: house),
    .target(
      name: "DSLCommands",
      dependencies: [
        "Autonomy", "Coordination", "DSLBase", "DecisionEngine", "GPUScheduling", "Telemetry",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: house),

    // MARK: L4 - the shell of the loop
    .target(
      name: "Autonomy",
      dependencies: [
        "CLinux", "Coordination", "DSLBase", "DecisionEngine", "Telemetry",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Tracing", package: "swift-distributed-tracing"),
      ],
      swiftSettings: house),

    // MARK: L2 - the pure engine
    .target(name: "DecisionEngine", dependencies: ["DSLBase"], swiftSettings: house),

    .target(name: "GPUScheduling", dependencies: ["DSLBase"], swiftSettings: house),

    .target(name: "ClusterSim", dependencies: ["CClusterSim", "DSLBase"], swiftSettings: house),
    .target(name: "CClusterSim"),

    // MARK: L1 - mechanisms
    .target(
      name: "Coordination",
      dependencies: [
        "CLinux", "CZlib", "DSLBase", .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ],
      swiftSettings: house),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CZlib"),
    .target(
      name: "Telemetry",
      dependencies: ["DSLBase", .product(name: "Tracing", package: "swift-distributed-tracing")],
      swiftSettings: house),

    // MARK: L0 - words everyone shares
    .target(
      name: "DSLBase", dependencies: [.product(name: "Yams", package: "Yams")], swiftSettings: house),

    // MARK: Examples, compiled with the rest so that they stay true
    .executableTarget(
      name: "EmbeddedEngine", dependencies: ["Autonomy", "DSLBase", "DecisionEngine"],
      path: "examples/embedded-engine/Sources/EmbeddedEngine", swiftSettings: house),

    // MARK: Tests
    .testTarget(
      name: "AutonomyTests",
      dependencies: [
        "Autonomy", "Coordination", "DSLBase", "DecisionEngine", "SweepFolders", "Telemetry",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: house),
    .testTarget(
      name: "DSLCommandsTests", dependencies: ["Coordination", "DSLBase", "DSLCommands"], swiftSettings: house
    ),
    .testTarget(
      name: "CLITests",
      dependencies: ["CLinux", "Coordination", "DSLBase", "EmbeddedEngine", "RandomPolicies", "dsl"],
      exclude: ["Goldens"],
      swiftSettings: house),
    .testTarget(name: "DSLBaseTests", dependencies: ["DSLBase"], swiftSettings: house),
    .testTarget(
      name: "DecisionEngineTests", dependencies: ["DecisionEngine", "DSLBase", "RandomPolicies"],
      swiftSettings: house),
    .target(
      name: "RandomPolicies", dependencies: ["DSLBase"], path: "Tests/RandomPolicies", swiftSettings: house),
    .target(
      name: "SweepFolders", dependencies: ["DSLBase"], path: "Tests/SweepFolders", swiftSettings: house),
    .testTarget(
      name: "CoordinationTests",
      dependencies: [
        "Coordination", "DSLBase", "SweepFolders", .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: house),
    .testTarget(
      name: "GPUSchedulingTests", dependencies: ["DSLBase", "GPUScheduling"], exclude: ["Data"],
      swiftSettings: house),
    .testTarget(
      name: "ClusterSimTests", dependencies: ["CClusterSim", "ClusterSim", "DSLBase"], swiftSettings: house),
    .testTarget(name: "TidyTests", swiftSettings: house),
    .testTarget(
      name: "TelemetryTests",
      dependencies: [
        "Coordination", "DSLBase", "Telemetry",
        .product(name: "Tracing", package: "swift-distributed-tracing"),
      ],
      exclude: ["Goldens", "OTLP/check.py"], swiftSettings: house),
  ]
)
