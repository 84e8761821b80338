import Autoregression
import Networks
import Settings
import Tensors

/// A learned vector per level, added to what the backbone says.
struct LevelEmbedding: Module {
  enum Choice: String, Setting, CaseIterable { case none, embedding }

  let vectors: Embedding?

  init(_ settings: inout Settings, levels: Int, width: Int, _ random: inout Random) throws(SettingsError) {
    let choice: Choice = try settings[
      "levels", default: levels > 1 ? .embedding : .none, about: "whether the head is told the level"]
    vectors = choice == .none ? nil : Embedding(levels, width: width, &random)
  }

  /// hidden [batch, asked, width], levels [batch][asked].
  func callAsFunction(_ hidden: Tensor, _ levels: Indices) -> Tensor { vectors.map { hidden + $0(levels) } ?? hidden }
}
