// swift-tools-version:6.2
import PackageDescription

// A direction in a package of its own: one file, a main of two lines, and a test that holds it to the laws.
let package = Package(
  name: "strangers-plugin",
  dependencies: [.package(name: "overtone", path: "../..")],
  targets: [
    .target(
      name: "Zigzag",
      dependencies: [
        .product(name: "Autoregression", package: "overtone"), .product(name: "Tensors", package: "overtone"),
        .product(name: "Settings", package: "overtone"),
      ]),
    .executableTarget(
      name: "myovertone",
      dependencies: [
        "Zigzag", .product(name: "OvertoneCLI", package: "overtone"),
        .product(name: "StandardParts", package: "overtone"),
      ]),
    .testTarget(
      name: "ZigzagTests",
      dependencies: [
        "Zigzag", .product(name: "Autoregression", package: "overtone"),
        .product(name: "AutoregressionTesting", package: "overtone"),
        .product(name: "Settings", package: "overtone"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
