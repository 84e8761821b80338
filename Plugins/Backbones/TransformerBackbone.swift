import Autoregression
import Networks
import Settings
import Tensors

/// A name for the sizes and forms of a paper's backbone.
protocol BackbonePreset: Setting, RawRepresentable, CaseIterable where RawValue == String {
  /// No preset.
  static var none: Self { get }
  /// The defaults of all other settings.
  var defaults: BackboneDefaults { get }
}

/// A backbone made of transformer blocks.
protocol TransformerBackbone: Backbone {
  /// The papers whose sizes the backbone knows by name.
  associatedtype Preset: BackbonePreset
  /// The settings of blocks, positions and inputs.
  var settings: BackboneSettings { get }
  /// The grid and the slots of the direction.
  var layout: Layout { get }
  /// The number of tokens that the conditioner puts before all others.
  var prefixCount: Int { get }
  /// The adaLN layer of all blocks, weight [6 width, width]; nil unless they share one.
  var sharedModulation: Linear? { get }
}

/// The conditioning vector of each sample in the forms that a backbone needs.
struct Conditioning {
  /// [batch, 1, width], to be added to tokens; nil without a vector.
  let vector: Tensor?
  /// [entries, width]: its SiLU, the input of adaLN layers, an entry for each sample or each position; nil unless norms
  /// are modulated.
  let activated: Tensor?
  /// [entries, width], or [entries, 6 width] where blocks share a layer: the conditioning of blocks.
  let blocks: Tensor?
}

extension TransformerBackbone {
  var width: Int { settings.width }
  var undecayed: [Parameter.Role] { settings.undecayed }

  /// Reads the width of blocks that the settings or their preset give.
  static func conditionWidth(_ settings: inout Settings) throws(SettingsError) -> Int {
    try BackboneSettings.width(&settings, try defaults(&settings))
  }

  /// Reads the preset and returns its defaults.
  static func defaults(_ settings: inout Settings) throws(SettingsError) -> BackboneDefaults {
    let preset: Preset = try settings[
      "preset", default: .none, about: "the sizes and forms of a paper's model, as defaults of all other settings"]
    return preset.defaults
  }

  /// Returns the vector of a condition for a batch, in all forms. `positions` [1, positions, width] is added to the
  /// vector that modulates norms; nil: the vector is the same at all positions.
  func conditioning(_ condition: Condition, batch: Int, positions: Tensor? = nil) -> Conditioning {
    let vector = condition.vector.map { $0.reshaped([batch, 1, $0.shape[1]]) }
    var modulating = condition.vector
    if let positions, let vector {
      modulating = (vector + positions).reshaped([batch * positions.shape[1], positions.shape[2]])
    }
    let activated = settings.isAdaptive ? modulating?.activated(.silu) : nil
    return Conditioning(
      vector: vector, activated: activated,
      blocks: sharedModulation.flatMap { layer in activated.map { layer($0) } } ?? activated)
  }

  /// Returns the rotary embedding of the prefix, where it belongs to the call, and of slots [batch][positions], for
  /// heads of `headWidth` channels; nil with other position embeddings.
  func rotation(_ slots: [[Slot?]], prefix: Int, headWidth: Int) -> RotaryAngles? {
    guard settings.positions.kind == .rotary else { return nil }
    return RotaryAngles(
      gridPositions(slots, prefix: prefix), headWidth: headWidth,
      base: settings.positions.rotaryBase, zeroesUnpositioned: settings.positions.unpositioned == .zero)
  }

  /// Returns the positions of slots [batch][positions], the prefix before them where it belongs to the call; nil for
  /// the prefix and for nil slots.
  func gridPositions(_ slots: [[Slot?]], prefix: Int) -> [[GridPosition?]] {
    slots.map { row in Array(repeating: nil, count: prefix) + row.map { $0.map(layout.gridPosition) } }
  }
}

extension Layout {
  /// Returns the position of a slot's centre, in cells of the grid.
  func gridPosition(_ slot: Slot) -> GridPosition {
    GridPosition(row: slot.row * Float(grid.height) - 0.5, column: slot.column * Float(grid.width) - 0.5)
  }
}
