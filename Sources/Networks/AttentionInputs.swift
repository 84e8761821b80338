import Tensors

/// The inputs of attention beside its tokens: which positions attend to which, rotary angles, cached keys and values.
public struct AttentionInputs {
  /// [positions]: position i attends to the first visible[i] positions, cached ones included; nil: all to all.
  public var visible: [Int]?
  /// The rotary embedding of queries and keys; nil: none.
  public var rotation: RotaryAngles?
  /// Keys and values of earlier calls, which this call extends; nil: nothing is cached.
  public var cache: LayerCache?
  /// [batch][outputs]: the positions whose output is computed, as many in each sample; nil: all. Keys and values are
  /// those of all positions nevertheless, so `visible` and `cache` must be nil.
  public var queryPositions: Indices?

  /// Inputs of attention among all positions, or among the first visible[i] for position i.
  public init(visible: [Int]? = nil, rotation: RotaryAngles? = nil, cache: LayerCache? = nil) {
    self.visible = visible
    self.rotation = rotation
    self.cache = cache
  }
}

/// A norm before a layer, with the modulation of a condition where there is one.
struct ModulatedNorm {
  let norm: Norm
  let modulators: NormModulation?
}
