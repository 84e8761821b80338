import Autoregression
import Tensors

/// The quantizer of a codebook whose token maps pass a convolution before they are summed (VAR).
struct ResidualQuantizer: Quantizer {
  let table: TableQuantizer
  /// The refined map [batch, rows, columns, width] at depth 0 (coarsest) ... 1 (finest).
  let refine: @Sendable (_ map: Tensor, _ depth: Float) -> Tensor

  var space: TokenSpace { table.space }
  func tokens(nearest values: Tensor) -> Tokens { table.tokens(nearest: values) }
  func tokens(coded codes: Indices) -> Tokens { table.tokens(coded: codes) }
  func refined(_ map: Tensor, at depth: Float) -> Tensor { refine(map, depth) }
}
