// swift-tools-version:6.2
import PackageDescription

// One line per plugin target: its name and what it needs beyond the contract.
let plugins: [(name: String, needs: [Target.Dependency])] = [
  ("Directions", ["Spectra"]),
  ("Tokenizers", ["Storage"]),
  ("Losses", []),
  ("Backbones", []),
  ("Conditioners", []),
  ("Datasets", ["Storage", "Images", "Files"]),
  ("Metrics", ["Spectra", "Images"]),
]

let pluginTargets = plugins.map {
  Target.target(
    name: $0.name, dependencies: ["Autoregression", "Networks", "Tensors", "Settings"] + $0.needs,
    path: "Plugins/\($0.name)")
}

// Every source target has its tests in Tests/<name>Tests; some need more than what they test.
let tests: [(name: String, needs: [Target.Dependency])] = [
  ("Files", ["ProgramSupport"]),
  ("FuzzTargets", []),
  ("Tensors", []),
  ("Spectra", ["Tensors"]),
  ("Storage", ["ProgramSupport", "Tensors", "Files", "CHDF5"]),
  ("Images", ["ProgramSupport", "Tensors", "Files"]),
  ("Settings", ["ProgramSupport"]),
  ("ForeignWeights", ["Tensors", "ProgramSupport"]),
  ("Networks", ["Tensors"]),
  (
    "Autoregression",
    ["AutoregressionTesting", "Networks", "Tensors", "Settings"] + plugins.map { .target(name: $0.name) }
  ),
  ("Directions", ["Autoregression", "AutoregressionTesting", "Spectra", "Tensors", "Settings"]),
  (
    "Tokenizers",
    ["Autoregression", "AutoregressionTesting", "Directions", "Networks", "Storage", "Tensors", "Settings"]
  ),
  ("Losses", ["Autoregression", "AutoregressionTesting", "Networks", "Tensors", "Settings"]),
  ("Backbones", ["Autoregression", "Networks", "Tensors", "Settings"]),
  ("Conditioners", ["Autoregression", "Networks", "Tensors", "Settings"]),
  ("Datasets", ["Autoregression", "Storage", "Images", "Tensors", "Settings", "Files"]),
  ("Metrics", ["Autoregression", "Tensors", "Settings"]),
  (
    "Laboratory",
    ["ProgramSupport", "Autoregression", "Images", "Settings", "Tensors", "Files"]
      + plugins.map { .target(name: $0.name) }
  ),
  (
    "Reports",
    ["ProgramSupport", "Laboratory", "Autoregression", "Images", "Settings", "Tensors"]
      + plugins.map { .target(name: $0.name) }
  ),
  (
    "OvertoneCLI",
    ["ProgramSupport", "Laboratory", "Autoregression", "Images", "Settings", "Tensors"]
      + plugins.map { .target(name: $0.name) }
  ),
  (
    "Combination",
    ["ProgramSupport", "OvertoneCLI", "Laboratory", "Autoregression", "Networks", "Storage", "Settings", "Tensors"]
      + plugins.map { .target(name: $0.name) }
  ),
]

let package = Package(
  name: "overtone",
  products: [
    .executable(name: "overtone", targets: ["overtone"]),
    .library(name: "Tensors", targets: ["Tensors"]),
    .library(name: "Networks", targets: ["Networks"]),
    .library(name: "Settings", targets: ["Settings"]),
    .library(name: "Autoregression", targets: ["Autoregression"]),
    .library(name: "AutoregressionTesting", targets: ["AutoregressionTesting"]),
    .library(name: "Laboratory", targets: ["Laboratory"]),
    .library(name: "OvertoneCLI", targets: ["OvertoneCLI"]),
    .library(name: "StandardParts", targets: plugins.map(\.name)),
    .library(name: "FuzzTargets", targets: ["FuzzTargets"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
  ],
  targets: [
    // 0: the system's libraries, as they are
    .systemLibrary(name: "COpenBLAS", path: "Sources/COpenBLAS"),
    .systemLibrary(name: "CFFTW", path: "Sources/CFFTW", pkgConfig: "fftw3f", providers: [.apt(["libfftw3-dev"])]),
    .systemLibrary(name: "CYAML", path: "Sources/CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CHDF5", path: "Sources/CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
      name: "CCrypto", path: "Sources/CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .target(name: "CParts", path: "Sources/CParts"),
    // libpng and libjpeg behind C that keeps their longjmp to itself
    .target(name: "CPNG", path: "Sources/CPNG", publicHeadersPath: ".", linkerSettings: [.linkedLibrary("png")]),
    .target(name: "CJPEG", path: "Sources/CJPEG", publicHeadersPath: ".", linkerSettings: [.linkedLibrary("jpeg")]),
    // 1: what all readers and writers of files share
    .target(name: "Files", dependencies: ["CCrypto", "CZlib"]),
    // 2: numbers, frequencies, files of a run, images, settings
    .target(name: "Tensors", dependencies: ["COpenBLAS"]),
    .target(name: "Spectra", dependencies: ["Tensors", "CFFTW"]),
    .target(name: "Storage", dependencies: ["Files", "Tensors", "CHDF5"]),
    .target(name: "Images", dependencies: ["Files", "Tensors", "CPNG", "CJPEG"]),
    .target(name: "Settings", dependencies: ["Files", "CYAML"]),
    .target(name: "ForeignWeights", dependencies: ["Files", "Tensors"]),
    // 3, 4: layers and the contract
    .target(name: "Networks", dependencies: ["Tensors"]),
    .target(name: "Autoregression", dependencies: ["Networks", "Tensors", "Settings", "CParts"]),
    .target(name: "AutoregressionTesting", dependencies: ["Autoregression", "Networks", "Tensors"]),
  ] + pluginTargets + [
    // 6 to 9: the laboratory, its reports, its command line, the program
    .target(
      name: "Laboratory",
      dependencies: [
        "Autoregression", "Networks", "Settings", "Storage", "ForeignWeights", "Images", "Tensors", "Spectra", "Files",
      ]),
    .target(
      name: "Reports",
      dependencies: [
        "Laboratory", "Autoregression", "Networks", "Settings", "Storage", "Images", "Tensors", "Spectra", "Files",
      ]),
    .target(
      name: "OvertoneCLI",
      dependencies: [
        "Laboratory", "Reports", "Autoregression", "Networks", "Settings", "Storage", "Images", "Tensors",
        "ForeignWeights", "Files",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "overtone", dependencies: ["OvertoneCLI", "Autoregression"] + plugins.map { .target(name: $0.name) },
      plugins: ["BuildCommit"]),
    // The commit that the program is built from, in a file of its own.
    .plugin(name: "BuildCommit", capability: .buildTool(), path: "Sources/BuildCommit"),
    // beside: what tests share
    .target(
      name: "FixtureSupport", dependencies: ["Autoregression", "Networks", "Storage", "Tensors"],
      path: "Tests/FixtureSupport"),
    .target(name: "ProgramSupport", path: "Tests/ProgramSupport"),
    // beside: every reader of foreign bytes, for Tests/Fuzzing and for the corpus of past failures
    .target(
      name: "FuzzTargets", dependencies: ["Settings", "ForeignWeights", "Images", "Storage", "Files"],
      path: "Tests/FuzzTargets"),
  ]
    + tests.map { test in
      .testTarget(
        name: "\(test.name)Tests",
        dependencies: (test.name == "Combination" ? [] : [.target(name: test.name)]) + ["FixtureSupport"]
          + (test.name == "Storage" ? [] : ["Storage"])
          + test.needs.filter { need in
            if case .targetItem(let name, _) = need { return name != "Storage" && name != test.name }
            if case .byNameItem(let name, _) = need { return name != "Storage" && name != test.name }
            return true
          },
        // Files that tests read from where they lie.
        exclude: ["Images", "ForeignWeights"].contains(test.name) ? ["References"] : [])
    }
    // The rules that every file keeps; they read the sources and need none of them.
    + [.testTarget(name: "ArchitectureTests")],
  swiftLanguageModes: [.v6]
)
