import Autoregression
import Tensors

/// Tokens from a table of codes, whose maps are refined before they are added up.
struct ResidualQuantizer: Quantizer {
  let table: TableQuantizer
  let refine: @Sendable (_ map: Tensor, _ depth: Float) -> Tensor

  var space: TokenSpace { table.space }
  func tokens(nearest values: Tensor) -> Tokens { table.tokens(nearest: values) }
  func tokens(coded codes: Indices) -> Tokens { table.tokens(coded: codes) }
  func refined(_ map: Tensor, at depth: Float) -> Tensor { refine(map, depth) }
}
