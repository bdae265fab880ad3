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
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // MARK: L5 - the executable and its commands
    .executableTarget(name: "dsl", dependencies: ["DSLCommands"], swiftSettings: house),
    .executableTarget(
      name: "dsl-bench",
      dependencies: [
        "AnomalyDetection", "ClusterSim", "Coordination", "DSLBase", "DecisionEngine", "GPUScheduling",
        "SignalStore", "Telemetry",
      ],
      swiftSettings: house),
    .target(
      name: "DSLCommands",
      dependencies: [
        "AnomalyDetection", "Autonomy", "ClusterSim", "ClusterSimViews", "ControlPlane", "Coordination",
        "DSLBase", "DecisionEngine",
        "GPUScheduling", "HTTPTransports", "SignalStore", "Telemetry",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: house),

    // MARK: L4 - what people and programs reach over HTTP
    .target(
      name: "ControlPlane",
      dependencies: [
        "Autonomy", "ClusterSim", "ClusterSimViews", "Coordination", "DSLBase", "DecisionEngine",
        "SignalStore",
        "Telemetry",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      resources: [.embedInCode("Page/Files")],
      swiftSettings: house),
    .target(
      name: "HTTPTransports",
      dependencies: [
        "DSLBase", .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: house),

    // MARK: L4 - the shell of the loop
    .target(
      name: "Autonomy",
      dependencies: [
        "AnomalyDetection", "CLinux", "ClusterSim", "Coordination", "DSLBase", "DecisionEngine",
        "GPUScheduling", "SignalStore", "Telemetry",
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Tracing", package: "swift-distributed-tracing"),
      ],
      swiftSettings: house),

    // MARK: L2 - the pure engine
    .target(name: "DecisionEngine", dependencies: ["DSLBase"], swiftSettings: house),

    .target(name: "GPUScheduling", dependencies: ["DSLBase"], swiftSettings: house),

    .target(name: "ClusterSim", dependencies: ["CClusterSim", "DSLBase"], swiftSettings: house),
    .target(name: "CClusterSim"),
    .target(
      name: "ClusterSimABI", dependencies: ["ClusterSim", "DSLBase"], exclude: ["resonetics_learner.h"],
      swiftSettings: house),
    .target(
      name: "ClusterSimViews", dependencies: ["CZlib", "ClusterSim", "DSLBase"], swiftSettings: house),

    .target(name: "AnomalyDetection", dependencies: ["DSLBase"], swiftSettings: house),

    .target(
      name: "SignalStore",
      dependencies: [
        "CZlib", "Coordination", "DSLBase", "Telemetry", .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: house),

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
      dependencies: [
        "CZlib", "DSLBase", .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Tracing", package: "swift-distributed-tracing"),
      ],
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
        "AnomalyDetection", "Autonomy", "ClusterSim", "Coordination", "DSLBase", "DecisionEngine",
        "GPUScheduling", "SweepFolders", "Telemetry",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: house),
    .testTarget(
      name: "DSLCommandsTests", dependencies: ["ClusterSim", "Coordination", "DSLBase", "DSLCommands"],
      swiftSettings: house),
    .testTarget(
      name: "CLITests",
      dependencies: ["CLinux", "Coordination", "DSLBase", "EmbeddedEngine", "RandomPolicies", "dsl"],
      exclude: ["Goldens", "Serve/Clients"],
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
    .testTarget(
      name: "ClusterSimABITests", dependencies: ["ClusterSim", "ClusterSimABI", "DSLBase"],
      swiftSettings: house),
    .testTarget(
      name: "ClusterSimViewsTests", dependencies: ["ClusterSim", "ClusterSimViews", "DSLBase"],
      exclude: ["readers.py"],
      swiftSettings: house),
    .testTarget(
      name: "AnomalyDetectionTests", dependencies: ["AnomalyDetection", "DSLBase"], exclude: ["Data"],
      swiftSettings: house),
    .testTarget(
      name: "SignalStoreTests",
      dependencies: ["CZlib", "Coordination", "DSLBase", "SignalStore", "SweepFolders", "Telemetry"],
      exclude: ["compare.py", "sdk.py"], swiftSettings: house),
    .testTarget(
      name: "ControlPlaneTests",
      dependencies: [
        "Autonomy", "ClusterSim", "ClusterSimViews", "ControlPlane", "Coordination", "DSLBase", "SignalStore",
        "Telemetry",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: house),
    .testTarget(
      name: "HTTPTransportsTests", dependencies: ["DSLBase", "HTTPTransports"], exclude: ["server.py"],
      swiftSettings: house),
    .testTarget(name: "TidyTests", swiftSettings: house),
    .testTarget(
      name: "TelemetryTests",
      dependencies: [
        "Coordination", "DSLBase", "Telemetry", .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Tracing", package: "swift-distributed-tracing"),
      ],
      exclude: ["Goldens", "Ingest/requests.py", "OTLP/check.py"], swiftSettings: house),
  ]
)
