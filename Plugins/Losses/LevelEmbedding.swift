import Autoregression
import Networks
import Settings
import Tensors

/// A learned vector for each level, added to the hidden features.
struct LevelEmbedding: Module {
  /// The conditioning of a head on the level.
  enum Conditioning: String, Setting, CaseIterable { case none, embedding }

  /// [levels, hidden]; nil: not conditioned.
  let vectors: Embedding?

  init(_ settings: inout Settings, levels: Int, width: Int, _ random: inout Random) throws(SettingsError) {
    try settings.renamed("levels", to: "level-conditioning")
    let conditioning: Conditioning = try settings[
      "level-conditioning", default: levels > 1 ? .embedding : .none,
      about: "how the head is conditioned on the level: not, or by a learned vector added to the hidden features"]
    vectors = conditioning == .none ? nil : Embedding(levels, width: width, &random)
  }

  /// hidden [batch, tokens, width], levels [batch][tokens]; [batch, tokens, width].
  func callAsFunction(_ hidden: Tensor, _ levels: Indices) -> Tensor { vectors.map { hidden + $0(levels) } ?? hidden }
}
