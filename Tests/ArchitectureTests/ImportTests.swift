import Testing

@Suite struct ImportTests {
  @Test("a layer that imports the laboratory looks up")
  func up() throws {
    try expectViolation(
      of: .imports, adding: "import Laboratory", to: "Sources/Networks/AdamW.swift",
      sentence: "'Networks' imports 'Laboratory', which stands above it.")
  }

  @Test("a plugin that imports a plugin is found, also where one type is imported")
  func plugin() throws {
    try expectViolation(
      of: .imports, adding: "import struct Losses.Diffusion", to: "Plugins/Directions/Raster.swift",
      sentence: "The plugin 'Directions' imports the plugin 'Losses'.")
  }

  @Test("an import that Package.swift does not name is found")
  func undeclared() throws {
    try expectViolation(
      of: .imports, adding: "package import Storage", to: "Sources/Networks/AdamW.swift",
      sentence: "'Networks' imports 'Storage', which Package.swift does not name as its dependency.")
  }

  @Test("a target without a layer is found")
  func unplaced() throws {
    let file = SourceFile(path: "Sources/Attic/Box.swift", text: "import Tensors\n")
    let whole = try project.get()
    #expect(
      Rule.imports.violations(Project(manifest: whole.manifest, files: [file])).map(\.description)
        == ["Sources/Attic/Box.swift:1: 'Attic' stands in no layer; give it one in Rules/Imports.swift."])
  }

  @Test("what Package.swift says of targets and plugins is understood")
  func manifest() throws {
    let dependencies = try Manifest(project.get().manifest).dependencies
    #expect(dependencies["Tensors"] == ["COpenBLAS"])
    #expect(dependencies["Directions"] == ["Autoregression", "Networks", "Tensors", "Settings", "Spectra"])
    #expect(dependencies["Losses"] == ["Autoregression", "Networks", "Tensors", "Settings"])
    #expect(dependencies["OvertoneCLI"]?.contains("ArgumentParser") == true)
    #expect(Set(dependencies.keys).isSuperset(of: Rule.layers.flatMap { $0 }))
  }

  @Test("ArgumentParser, HDF5, libpng, FFTW and libyaml stay in their rooms", arguments: Rule.rooms.keys.sorted())
  func rooms(_ library: String) throws {
    let room = try #require(Rule.rooms[library])
    try expectViolation(
      of: .libraryRooms, adding: "import \(library)", to: "Sources/Networks/AdamW.swift",
      sentence: "'\(library)' is imported outside '\(room)'; use what '\(room)' offers.")
  }

  @Test("a component's key in the laboratory is found, alone and after 'use:'")
  func keys() throws {
    let path = "Sources/Laboratory/Runs/RunState.swift"
    let sentence = "'flow-matching' is the key of a component; use the registry, or move this to the plugin."
    try expectViolation(
      of: .componentKeys, adding: "let a = [\"none\"]\nlet b = \"flow-matching\"", to: path, at: 1, sentence: sentence,
      withPlugins: true)
    try expectViolation(
      of: .componentKeys, adding: "let b = \"loss: { use: flow-matching }\"", to: path, sentence: sentence,
      withPlugins: true)
    #expect(
      try found(
        .componentKeys, adding: "// flow-matching\nlet b = \"with flow-matching\"", to: path, withPlugins: true
      ).added == [])
  }
}
