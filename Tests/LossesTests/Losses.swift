import Autoregression
import Settings
import Tensors

/// A loss from its settings, as an experiment file would have them: "use: cross-entropy".
func loss(
  _ settings: String, of space: TokenSpace, from hidden: Int = 6, levels: Int = 1, seed: UInt64 = 1
) throws -> any TokenLoss {
  var random = Random(seed: seed), settings = try Settings(parsing: settings, file: "test")
  let type = try Registry.linked().find("loss", &settings, as: (any TokenLoss.Type).self)
  let tokenLoss = try type.init(&settings, of: space, from: hidden, levels: levels, &random)
  try settings.finish()
  return tokenLoss
}

extension Draw {
  /// [batch][tokens]
  var codes: Indices {
    if case .codes(let codes) = content { return codes }
    return []
  }
  /// [batch, tokens, width]
  var values: Tensor {
    if case .values(let values) = content { return values }
    return Tensor(zeros: [0])
  }
}

/// The message of the error that a body throws, or "no error".
func message(_ body: () throws -> some Any) -> String {
  do {
    _ = try body()
    return "no error"
  } catch { return "\(error)" }
}
