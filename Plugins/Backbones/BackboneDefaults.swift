import Networks

/// The defaults of a backbone's settings; a preset is such a value with a name.
struct BackboneDefaults {
  /// Channels of tokens.
  var width = 256
  /// The number of blocks.
  var depth = 8
  /// Attention heads.
  var heads = 8
  /// Channels of the hidden layer of MLPs; nil: from the ratio.
  var mlpWidth: Int?
  /// The kind of norms.
  var norm = Norm.Kind.layer
  /// The activation of MLPs.
  var activation = MLPActivation.gelu
  /// The normalization of queries and keys.
  var queryNorm = Attention.QueryNorm.none
  /// The biases of linear layers in blocks.
  var bias = Attention.Bias.all
  /// The source of the modulation of norms.
  var adaptiveNorm = AdaptiveNorms.none
  /// True where norms come before attention and MLP, false where they follow the sums.
  var normFirst = true
  /// The number that norms add to a variance; nil: that of the kind.
  var epsilon: Float?
  /// True where modulated norms of blocks have weights and biases of their own, too.
  var adaptiveNormIsAffine = false
  /// True where a learned embedding of the position in the sequence is added to the vector that modulates norms;
  /// decoder only.
  var modulatesByPosition = false
  /// The factor of the initial weights of gates.
  var gateInitScale: Float = 1e-3
  /// The factor of the initial weights of scales and shifts of adaptive norms.
  var modulationInitScale: Float = 0.5
  /// True where a learned token stands before all others; decoder only.
  var hasClassToken = false
  /// True where embedded tokens are normalized before the first block; decoder only.
  var hasEmbeddingNorm = false
  /// True where a dense layer, the activation and a norm follow the last block; decoder only.
  var hasMLMLayer = false
  /// True where the weights of the head are the vectors of codes; decoder only.
  var tiesOutput = false
  /// The position embedding.
  var positions = Positions.learned
  /// The roles of parameters without weight decay, the default of `training.undecayed`.
  var undecayed = Parameter.Role.usuallyUndecayed
  /// The embedding of tokens.
  var tokenEmbedding = TokenEmbedding.Kind.linear
  /// The tokens to which the conditioning vector is added; nil: all, or with adaptive norms mask tokens only.
  var conditionTarget: ConditionTarget?
  /// True where a mask token is learned; decoder only.
  var hasMaskToken = true
  /// The queries and keys of tokens without a position, with rotary embeddings.
  var unpositioned = Unpositioned.unrotated
  /// True where positions of the tokens to be predicted are embedded; decoder only.
  var hasTargetPositions = true
  /// The dropout rate of branches' outputs.
  var dropout: Float = 0
  /// The dropout rate of hidden layers of MLPs.
  var mlpDropout: Float = 0
  /// The dropout rate of attention probabilities.
  var attentionDropout: Float = 0
  /// The dropout rate of embedded tokens.
  var tokenDropout: Float = 0
  /// The rate of stochastic depth at the last block.
  var dropPath: Float = 0
  /// The standard deviation of initial weights; 0: Glorot's for linear layers, 0.02 for all others.
  var initialDeviation: Float = 0
  /// True where layers before a residual sum start smaller by sqrt(2 depth).
  var scalesResidualInit = false

  /// The defaults without a preset.
  init() {}

  /// The defaults in the size of a paper's model.
  init(width: Int, depth: Int, heads: Int) {
    (self.width, self.depth, self.heads) = (width, depth, heads)
  }
}
