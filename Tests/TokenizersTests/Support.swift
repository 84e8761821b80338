import Autoregression
import Directions
import FixtureSupport
import Networks
import Settings
import Tensors
import Testing
import Tokenizers

/// A direction of one level with one token per cell, for tokenizers.
struct Plain: RegressionDirection {
  static let key = "any", about = About("")
  let layout: Layout

  init(_ settings: inout Settings, over grid: Grid) throws(SettingsError) { self.init(over: grid) }

  init(over grid: Grid) {
    layout = Layout(
      grid: grid, slots: Slot.cells(of: grid), groups: Array(repeating: 0, count: grid.count))
  }

  func trainingTurn(batch: Int, progress: Float, _ random: inout Random) -> Turn { Turn() }
  func turn(after past: Past, batch: Int, _ random: inout Random) -> Turn? { nil }
}

/// VAR's direction over a square grid, which ends with the last of these sides.
func scales(_ sides: [Int]) throws -> any RegressionDirection {
  var settings = try Settings(parsing: "{ use: multi-scale, scales: \(sides) }", file: "test")
  let type = try Registry.linked().find("direction", &settings, as: (any RegressionDirection.Type).self)
  let direction = try type.init(&settings, over: Grid(height: sides[sides.count - 1], width: sides[sides.count - 1]))
  try settings.finish()
  return direction
}

extension RegressionDirection {
  /// The slots of one level.
  func rows(_ level: Int) -> Range<Int> {
    let rows = layout.slots.indices.filter { layout.slots[$0].level == level }
    return rows[0]..<rows[rows.count - 1] + 1
  }
}

/// The tokenizer that a file would name, in the layout of a direction.
func tokenizer(_ text: String, size: Int = 32, in direction: (any RegressionDirection)? = nil) throws -> (
  any Tokenizer, any RegressionDirection
) {
  var settings = try Settings(parsing: text, file: "test"), random = Random(seed: 1)
  let type = try Registry.linked().find("tokenizer", &settings, as: (any Tokenizer.Type).self),
    shape = ImageShape(height: size, width: size)
  let grid = try type.grid(&settings, images: shape), direction = direction ?? Plain(over: grid)
  let autoencoder = try type.init(&settings, images: shape, layout: direction.layout, &random)
  try settings.finish()
  return (autoencoder, direction)
}

func message(_ text: String, size: Int = 32) -> String {
  do {
    _ = try tokenizer(text, size: size)
    return "no error"
  } catch { return "\(error)".split(separator: "\n").first.map(String.init) ?? "" }
}

func checkpointMapping(_ name: String, of tokenizer: any Tokenizer) throws -> CheckpointMapping {
  try #require(type(of: tokenizer).checkpointMappings.first { $0.name == name })
}

/// A sentence for each parameter whose gradient differs from `grads/<entry>` of a file by more than its tolerance.
func gradientDifferences(
  _ loss: Tensor, of tokenizer: any Tokenizer, as name: String, from file: Fixture, _ entry: String
) throws -> [String] {
  let parameters = tokenizer.parameters, gradients = loss.gradients(of: parameters.map { $0.parameter() })
  let ours = Dictionary(uniqueKeysWithValues: zip(parameters.map(\.path), gradients))
  let names = file.names("grads/\(entry)").filter { !$0.hasPrefix("__") }
  var theirs = try file.weights()
  for name in names { theirs[name] = try file.tensor("grads/\(entry)/\(name)") }
  var differences: [String] = [], compared: Set<String> = []
  for (path, translated) in try checkpointMapping(name, of: tokenizer).translated(theirs) {
    guard let source = translated.sources.first, names.contains(source) else { continue }
    compared.insert(source)
    let distance = try #require(ours[path]).distance(to: translated.value)
    let allowed = try file.tolerance("grads/\(entry)/\(source)")
    if !(distance <= allowed) {
      differences.append(
        file.report("\(file.path) grads/\(entry)/\(source): \(path) is \(distance) apart, \(allowed) allowed"))
    }
  }
  let missing = Set(names).subtracting(compared).sorted()
  return differences.sorted() + (names.isEmpty ? ["there are no gradients"] : missing.map { "\($0) was not compared" })
}

extension TokenizerLoss {
  /// One of its parts.
  func part(_ name: String) throws -> Float { try #require(parts.first { $0.name == name }).value }
}
