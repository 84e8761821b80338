import Autoregression
import Tensors

/// The quantizer to the rows of a table.
struct TableQuantizer: Quantizer {
  /// [codes, width]
  let table: Tensor
  let matching: Codebook.Matching

  var space: TokenSpace { TokenSpace(width: table.shape[1], vocabulary: table.shape[0]) }

  func tokens(nearest values: Tensor) -> Tokens {
    let nearest = codes(nearest: values), rows = values.shape[1]
    return tokens(coded: (0..<values.shape[0]).map { Array(nearest[$0 * rows..<($0 + 1) * rows]) })
  }

  func tokens(coded codes: Indices) -> Tokens { Tokens(values: table.rows(codes), codes: codes) }

  /// The nearest code of each row of values [..., width]: [rows].
  func codes(nearest values: Tensor) -> [Int] {
    switch matching {
    case .distance: values.detached.nearestRows(of: table.detached)
    // Between unit vectors the smallest distance is the largest cosine.
    case .cosine, .sphere: values.detached.normalized().nearestRows(of: table.detached.normalized())
    }
  }
}
