import Autoregression
import FixtureSupport
import Networks
import Settings
import Tensors

/// A part that a file would name, from its section: "{ use: raster }".
func part<Role, Part>(
  _ role: String, _ yaml: String, _ type: Role.Type, _ make: (Role, inout Settings) throws -> Part
) throws -> Part {
  var settings = try Settings(parsing: yaml, file: role)
  let part = try make(try Registry.linked().find(role, &settings, as: type), &settings)
  try settings.finish()
  return part
}

/// A model put together by the names of components alone, as an experiment file would, over a quantizer that is given.
struct Assembled {
  var model: Model

  init(
    _ quantizer: any Quantizer, over grid: Grid, classes: Int, direction: String, conditioner: String, backbone: String,
    loss: String, seed: UInt64 = 1, around wrap: (any RegressionDirection) -> any RegressionDirection = { $0 }
  ) throws {
    var random = Random(seed: seed)
    let order = wrap(
      try part("direction", direction, (any RegressionDirection.Type).self) { try $0.init(&$1, over: grid) })
    let width = try part("backbone", backbone, (any Backbone.Type).self) { type, settings in
      var other = try Settings(parsing: backbone, file: "backbone")
      _ = try type.init(
        &settings, for: BackboneShape(layout: order.layout, space: quantizer.space, prefixCount: 1, hasVector: true),
        &random)
      return try type.conditionWidth(&other)
    }
    let conditioning = try part("conditioner", conditioner, (any Conditioner.Type).self) {
      try $0.init(&$1, classes: classes, width: width, &random)
    }
    let shape = BackboneShape(
      layout: order.layout, space: quantizer.space, prefixCount: conditioning.prefixCount,
      hasVector: conditioning.givesVector)
    let network = try part("backbone", backbone, (any Backbone.Type).self) {
      try $0.init(&$1, for: shape, &random)
    }
    var tokenLoss = try part("loss", loss, (any TokenLoss.Type).self) {
      try $0.init(&$1, of: quantizer.space, from: network.width, levels: order.layout.levels, &random)
    }
    if let table = network.outputTable { _ = tokenLoss.tie(to: table) }
    model = Model(quantizer: quantizer, direction: order, conditioner: conditioning, backbone: network, loss: tokenLoss)
  }
}

/// Codes that stand for vectors of a table, the nearest by Euclid.
struct Codebook: Quantizer {
  /// [vocabulary, width]
  let table: Tensor
  var space: TokenSpace { TokenSpace(width: table.shape[1], vocabulary: table.shape[0]) }

  /// Vectors drawn at random.
  init(_ vocabulary: Int, width: Int) {
    var random = Random(seed: 5)
    table = random.normal([1, vocabulary, width], "codebook").reshaped([vocabulary, width])
  }

  func tokens(nearest values: Tensor) -> Tokens {
    let width = table.shape[1], book = table.scalars, all = values.scalars, rows = values.shape[1]
    func distance(_ code: Int, _ row: Int) -> Float {
      (0..<width).reduce(0) {
        $0 + (book[code * width + $1] - all[row * width + $1]) * (book[code * width + $1] - all[row * width + $1])
      }
    }
    return tokens(
      coded: (0..<values.shape[0]).map { sample in
        (0..<rows).map { row in
          let distances = (0..<table.shape[0]).map { distance($0, sample * rows + row) }
          return distances.indices.min { distances[$0] < distances[$1] } ?? 0
        }
      })
  }

  func tokens(coded codes: Indices) -> Tokens { Tokens(values: table.rows(codes), codes: codes) }
}

/// A loss that delegates to another, and that notes the logits of every draw.
struct Noting: TokenLoss {
  static let key = "noting", about = About("")
  final class Notes: @unchecked Sendable {  // one test, one thread
    var logits: [Tensor] = []
    var codes: [Indices] = []
  }
  let inner: any TokenLoss
  let notes = Notes()

  init(_ inner: any TokenLoss) { self.inner = inner }
  init(_ settings: inout Settings, of space: TokenSpace, from hidden: Int, levels: Int, _ random: inout Random)
    throws(SettingsError)
  {
    inner = try Registry.linked().find("loss", &settings, as: (any TokenLoss.Type).self)
      .init(&settings, of: space, from: hidden, levels: levels, &random)
  }
  func callAsFunction(_ hidden: Tensor, _ answers: Tokens, levels: Indices, _ random: inout Random) -> Tensor {
    inner(hidden, answers, levels: levels, &random)
  }
  func logits(_ hidden: Tensor) -> Tensor {
    let all = Dictionary(uniqueKeysWithValues: inner.parameters.map { ($0.path, $0.parameter.value) })
    return all["head.weight"].map { hidden.linear($0, all["head.bias"]) } ?? hidden
  }
  func sample(_ hidden: Guided, levels: Indices, at moment: Moment, _ random: inout Random) -> Draw {
    let draw = inner.sample(hidden, levels: levels, at: moment, &random)
    notes.logits.append(logits(hidden.mixed))
    if case .codes(let codes) = draw.content { notes.codes.append(codes) }
    return draw
  }
}

extension Model {
  /// The first parameter whose gradient of `total` differs from that in a group of a file; nil where all agree.
  func disagreement(_ total: Tensor, _ file: Fixture, _ group: String, from family: String) throws -> String? {
    let theirs = translated(try file.weights(group), from: family)
    let gradients = total.gradients(of: parameters.map { $0.parameter() })
    var ours = Dictionary(uniqueKeysWithValues: zip(parameters.map(\.path), gradients))
    for (path, found) in theirs {
      guard let gradient = ours.removeValue(forKey: path) else { return "\(path) has no gradient" }
      let allowed = try found.sources.map { try file.tolerance("\(group)/\($0)") }.max() ?? 0
      // Tables of VAR have axes of length 1 that ours lack.
      guard found.value.shape.filter({ $0 != 1 }) == gradient.shape.filter({ $0 != 1 }) else {
        return "\(path) is \(gradient.shape), theirs \(found.value.shape)"
      }
      let distance = gradient.distance(to: found.value.reshaped(gradient.shape))
      if !(distance <= allowed) {
        let names = found.sources.map { "\(group)/\($0)" }.joined(separator: ", ")
        return file.report("\(file.path) \(names): \(path) is \(distance) apart, \(allowed) allowed")
      }
    }
    return ours.isEmpty ? nil : "no gradients for \(ours.keys.sorted())"
  }
}
