// swift-tools-version:6.2
import PackageDescription

// One program with libFuzzer's loop for all readers: `fuzz --target=yaml -runs=1000000`. `make fuzz` runs them in turn.
let package = Package(
  name: "fuzzing",
  dependencies: [.package(name: "overtone", path: "../..")],
  targets: [
    .target(name: "CGuard"),
    .executableTarget(
      name: "fuzz", dependencies: ["CGuard", .product(name: "FuzzTargets", package: "overtone")],
      // libFuzzer has the main function.
      swiftSettings: [.unsafeFlags(["-parse-as-library"])]),
  ],
  swiftLanguageModes: [.v6]
)
