// swift-tools-version: 6.2

import PackageDescription

let package = Package(
  name: "embedded-engine",
  dependencies: [.package(name: "dsl", path: "../..")],
  targets: [
    .executableTarget(name: "EmbeddedEngine", dependencies: [.product(name: "Autonomy", package: "dsl")])
  ]
)
