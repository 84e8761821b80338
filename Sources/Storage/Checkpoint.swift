import Tensors

/// Everything that training needs to go on as if it had never stopped, and sampling needs to begin.
///
/// The file, with the dots of parameter paths as slashes, `P` a path and `[…]` the shape of the parameter:
/// - attributes of the root: Conventions "Overtone-1", file_type "checkpoint", format_version 1
/// - /config/yaml: text, a scalar
/// - /cursor/step [2]: int64, steps and updates; /rng/seed [1]: int64
/// - /model/P, /ema/P, /optimizer/P/m, /optimizer/P/v […]: float32
/// - the updates [1], parameters and moments of a discriminator in a group of its own, laid out likewise
/// - /statistics/P […]: float32
public struct Checkpoint: Sendable {
  /// Numbers by the dotted path of their parameter.
  public typealias Values = [(path: String, value: Tensor)]

  /// Parameters of the model, trained.
  public var model: Values = []
  /// Moving averages of the parameters, with the same paths and shapes; empty where none are kept.
  public var average: Values = []
  /// AdamW's first moments, the moving averages of gradients, by the path of the parameter.
  public var means: Values = []
  /// AdamW's second moments, the moving averages of squared gradients, by the path of the parameter.
  public var squares: Values = []
  /// A network trained against the model, its moments, and the steps of its optimizer.
  public var discriminator: Values = []
  /// First moments of the optimizer of the discriminator.
  public var discriminatorMeans: Values = []
  /// Second moments of the optimizer of the discriminator.
  public var discriminatorSquares: Values = []
  /// Steps that the optimizer of the discriminator took.
  public var discriminatorUpdates = 0
  /// Statistics, which are measured, not trained.
  public var statistics: Values = []
  /// Steps taken.
  public var step = 0
  /// Steps the optimizer took: fewer, if some had no finite gradient.
  public var updates = 0
  /// Seed of the experiment, from which every draw of the run follows.
  public var seed = 0
  /// The settings that shaped it.
  public var configuration = ""

  /// An empty checkpoint at step 0.
  public init() {}

  /// Writes the file in place of an older one, whole or not at all.
  ///
  /// Compression takes much longer than writing: it is for files that are kept.
  public func write(to path: String, compressed: Bool = true) throws {
    try Writer.replacing(path) { file in
      func put(_ values: Values, _ name: (String) -> String) throws {
        for (path, value) in values { try file.write(value, name(Self.slashes(path)), compressed: compressed) }
      }
      try file.attribute("Conventions", "Overtone-1")
      try file.attribute("file_type", "checkpoint")
      try file.attribute("format_version", 1)
      try file.write(configuration, "config/yaml")
      try file.write([step, updates], "cursor/step", axes: [Axis("counter", .texts(["steps", "updates"]))])
      try file.write([seed], "rng/seed", axes: [Axis("seed")])
      try put(model) { "model/\($0)" }
      try put(average) { "ema/\($0)" }
      try put(means) { "optimizer/\($0)/m" }
      try put(squares) { "optimizer/\($0)/v" }
      if !discriminator.isEmpty {
        try file.write([discriminatorUpdates], "cursor/rival", axes: [Axis("counter", .texts(["updates"]))])
      }
      try put(discriminator) { "rival/model/\($0)" }
      try put(discriminatorMeans) { "rival/optimizer/\($0)/m" }
      try put(discriminatorSquares) { "rival/optimizer/\($0)/v" }
      try put(statistics) { "statistics/\($0)" }
    }
  }

  /// Reads what `paths` name; a missing or mis-shaped tensor is an error.
  ///
  /// A discriminator is read where there is one: weights that came from elsewhere have none.
  public init(
    from file: String, parameters paths: [String], statistics statisticPaths: [String],
    discriminator discriminatorPaths: [String] = []
  ) throws(StorageError) {
    let reader = try Reader(file)
    guard reader.text(attribute: "file_type") == "checkpoint" else {
      throw .unreadable(path: file, why: "this is not a checkpoint of Overtone.")
    }
    func values(_ group: String, _ paths: [String], _ suffix: String = "") throws(StorageError) -> Values {
      guard reader.has(group) else { return [] }
      var all: Values = []
      for path in paths { all.append((path, try reader.tensor("\(group)/\(Self.slashes(path))\(suffix)"))) }
      return all
    }
    model = try values("model", paths)
    average = try values("ema", paths)
    means = try values("optimizer", paths, "/m")
    squares = try values("optimizer", paths, "/v")
    statistics = try values("statistics", statisticPaths)
    discriminator = try values("rival/model", discriminatorPaths)
    discriminatorMeans = try values("rival/optimizer", discriminatorPaths, "/m")
    discriminatorSquares = try values("rival/optimizer", discriminatorPaths, "/v")
    if reader.has("cursor/rival") { discriminatorUpdates = try reader.ints("cursor/rival").first ?? 0 }
    let counters = try reader.ints("cursor/step", count: 2)
    (step, updates) = (counters[0], counters[1])
    seed = try reader.ints("rng/seed", count: 1)[0]
    configuration = try reader.texts("config/yaml").first ?? ""
  }

  /// The name of a data set: "a.weight" is "a/weight".
  private static func slashes(_ path: String) -> String { String(path.map { $0 == "." ? "/" : $0 }) }
}
