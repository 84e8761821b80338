import Autoregression
import Tensors

/// Tokens from a table of codes [codes, width].
struct TableQuantizer: Quantizer {
  let table: Tensor
  let matching: Codebook.Matching

  var space: TokenSpace { TokenSpace(width: table.shape[1], vocabulary: table.shape[0]) }

  func tokens(nearest values: Tensor) -> Tokens {
    let found = codes(nearest: values), rows = values.shape[1]
    return tokens(coded: (0..<values.shape[0]).map { Array(found[$0 * rows..<($0 + 1) * rows]) })
  }

  func tokens(coded codes: Indices) -> Tokens { Tokens(values: table.rows(codes), codes: codes) }

  /// The code of each row of values [..., width].
  func codes(nearest values: Tensor) -> [Int] {
    switch matching {
    case .distance: values.detached.nearestRows(of: table.detached)
    // On the unit sphere the nearest is the one with the largest cosine.
    case .cosine, .sphere: values.detached.normalized().nearestRows(of: table.detached.normalized())
    }
  }
}
