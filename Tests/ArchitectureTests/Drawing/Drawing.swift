/// docs/architecture.svg: the targets of Package.swift, layer above layer, and the arrows between them.
///
/// `make architecture` writes it. Arrows come from Package.swift; this file says where boxes stand and what is in them.
struct Drawing {
  private struct Box {
    let name: String
    let x: Int
    let y: Int
    let width: Int
    let content: String

    /// The point that arrows come to.
    var top: (x: Int, y: Int) { (x + width / 2, y) }
    /// The point that arrows leave from.
    var bottom: (x: Int, y: Int) { (x + width / 2, y + Drawing.height) }
  }

  private static let height = 46
  private static let plugins = "Plugins"
  private static let frame = Box(name: plugins, x: 284, y: 168, width: 712, content: "")
  private static let frameHeight = 96

  private static let boxes: [Box] = [
    Box(name: "overtone", x: 40, y: 20, width: 200, content: "the program"),
    Box(name: "OvertoneCLI", x: 40, y: 94, width: 200, content: "commands and arguments"),
    Box(name: "Reports", x: 40, y: 182, width: 200, content: "figures, pages, tables"),
    Box(name: "Laboratory", x: 40, y: 256, width: 200, content: "experiments, training, runs"),
    Box(name: "Datasets", x: 289, y: 202, width: 96, content: "images"),
    Box(name: "Tokenizers", x: 390, y: 202, width: 96, content: "latents, tokens"),
    Box(name: "Metrics", x: 491, y: 202, width: 96, content: "of images"),
    Box(name: "Directions", x: 592, y: 202, width: 96, content: "turns"),
    Box(name: "Losses", x: 693, y: 202, width: 96, content: "of a token"),
    Box(name: "Backbones", x: 794, y: 202, width: 96, content: "transformers"),
    Box(name: "Conditioners", x: 895, y: 202, width: 96, content: "classes"),
    Box(name: "Autoregression", x: 660, y: 316, width: 180, content: "the contract of components"),
    Box(name: "AutoregressionTesting", x: 860, y: 316, width: 136, content: "laws, gradients"),
    Box(name: "Networks", x: 640, y: 412, width: 150, content: "layers, optimizers"),
    Box(name: "Settings", x: 846, y: 412, width: 150, content: "experiment files"),
    Box(name: "ForeignWeights", x: 20, y: 412, width: 140, content: "safetensors, torch"),
    Box(name: "Storage", x: 175, y: 412, width: 140, content: "files of a run"),
    Box(name: "Images", x: 330, y: 412, width: 140, content: "files, plots"),
    Box(name: "Spectra", x: 485, y: 412, width: 140, content: "frequencies"),
    Box(name: "Tensors", x: 20, y: 512, width: 770, content: "arrays with gradients, kernels, random numbers, threads"),
    Box(name: "Files", x: 330, y: 606, width: 666, content: "whole writes, regular files, sizes, hashes"),
  ]

  private let dependencies: [String: [String]]
  private let arrows: [(from: String, to: String)]

  init(_ manifest: Manifest) {
    let names = Set(Self.boxes.map(\.name))
    dependencies = manifest.dependencies.filter { names.contains($0.key) }
    arrows = Self.gathered(Arrows(dependencies.mapValues { $0.filter(names.contains) }).pairs)
  }

  /// Targets of Package.swift, but for the system's libraries and what tests share, that have no box, and the reverse.
  static func differences(from manifest: Manifest) -> [String] {
    let layers = Set(Rule.layers.dropFirst().flatMap { $0 })
    return layers.symmetricDifference(boxes.map(\.name)).sorted()
      + layers.filter { manifest.dependencies[$0] == nil }.sorted()
  }

  /// An arrow that all plugins have comes from their frame, or goes to it.
  private static func gathered(_ pairs: [(from: String, to: String)]) -> [(from: String, to: String)] {
    let names = Set(Rule.layers[5])
    let common = Dictionary(grouping: pairs.filter { names.contains($0.from) }, by: \.to)
      .filter { $0.value.count == names.count }.keys.sorted()
    let users = Dictionary(grouping: pairs.filter { names.contains($0.to) }, by: \.from)
      .filter { $0.value.count == names.count }.keys.sorted()
    let rest = pairs.filter { pair in
      !(names.contains(pair.from) && common.contains(pair.to))
        && !(names.contains(pair.to) && users.contains(pair.from))
    }
    return rest + common.map { (plugins, $0) } + users.map { ($0, plugins) }
  }

  // MARK: SVG

  var svg: String {
    let styles = """
      .box { fill: #fff; stroke: #47536b; stroke-width: 1.2 } .frame { fill: #eef2f8; stroke: #9aa7bd }
      .name { font: 600 13px sans-serif; fill: #1d2433 } .content { font: 11px sans-serif; fill: #5a667d }
      .arrow { fill: none; stroke: #7384a3; stroke-width: 1.2 } .head { fill: #7384a3 }
      """
    let lines =
      [
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1016 690\" width=\"1016\" height=\"690\">",
        "<title>Targets of Overtone and what they depend on</title>", "<style>\(styles)</style>",
        "<marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
          + "orient=\"auto\"><path class=\"head\" d=\"M0 0L8 4L0 8Z\"/></marker>",
        "<rect width=\"1016\" height=\"690\" fill=\"#fafbfd\"/>",
        rectangle("frame", Self.frame, height: Self.frameHeight),
        text("name", "Plugins: one key, one file", x: Self.frame.x + Self.frame.width / 2, y: Self.frame.y + 20),
      ] + arrows.compactMap(arrow) + Self.boxes.flatMap(box)
    return lines.joined(separator: "\n") + "\n</svg>\n"
  }

  private func rectangle(_ style: String, _ box: Box, height: Int) -> String {
    "<rect class=\"\(style)\" x=\"\(box.x)\" y=\"\(box.y)\" width=\"\(box.width)\" height=\"\(height)\" rx=\"6\"/>"
  }

  private func text(_ style: String, _ text: String, x: Int, y: Int) -> String {
    "<text class=\"\(style)\" x=\"\(x)\" y=\"\(y)\" text-anchor=\"middle\">\(text)</text>"
  }

  /// A box with its name, its content and its libraries.
  private func box(_ box: Box) -> [String] {
    let libraries = Self.libraries(of: box.name)
    return [
      rectangle("box", box, height: Self.height + (libraries.isEmpty ? 0 : 14)),
      text("name", box.name == "AutoregressionTesting" ? "…Testing" : box.name, x: box.top.x, y: box.y + 20),
      text("content", box.content, x: box.top.x, y: box.y + 37),
    ] + (libraries.isEmpty ? [] : [text("content", libraries.joined(separator: ", "), x: box.top.x, y: box.y + 52)])
  }

  private func arrow(from: String, to: String) -> String? {
    guard let start = Self.box(from), let end = Self.box(to) else { return nil }
    var (x, y) = start.bottom
    if from == Self.plugins { (x, y) = (end.top.x, start.y + Self.frameHeight) }
    if !Self.libraries(of: from).isEmpty { y += 14 }
    let side = start.y + Self.height / 2
    if to == Self.plugins || end.top.x - x > 500 {
      // Far to the right: from the side, to the top of the frame or to the side of a box.
      let path =
        to == Self.plugins
        ? "H\(end.top.x - 60)Q\(end.top.x) \(side) \(end.top.x) \(end.y)"
        : "C\(end.x - 100) \(side) \(end.x - 200) \(end.y + 23) \(end.x) \(end.y + 23)"
      return Self.arrow("M\(start.x + start.width) \(side)\(path)")
    }
    if y > end.y { return Self.arrow("M\(start.x) \(side)H\(end.x + end.width)") }
    let arrival = max(end.x + 20, min(x, end.x + end.width - 20)), half = (end.y - y) / 2
    return Self.arrow("M\(x) \(y)C\(x) \(y + half) \(arrival) \(end.y - half) \(arrival) \(end.y)")
  }

  private static func arrow(_ path: String) -> String {
    "<path class=\"arrow\" marker-end=\"url(#head)\" d=\"\(path)\"/>"
  }

  /// The libraries of others that only this target imports.
  private static func libraries(of target: String) -> [String] {
    Rule.rooms.filter { $0.value == target && $0.key != "CParts" }.keys.sorted().map {
      $0.hasPrefix("C") ? String($0.dropFirst()) : $0
    }
  }

  private static func box(_ name: String) -> Box? { name == plugins ? frame : boxes.first { $0.name == name } }
}
