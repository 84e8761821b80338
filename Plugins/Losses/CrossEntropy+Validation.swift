import Autoregression
import Tensors

/// Validation as in VAR's code (Tian et al. 2024, arXiv 2404.02905): the loss without label smoothing, and the fraction
/// of tokens whose most probable code is another.
extension CrossEntropy {
  var validationNames: [String] { ["loss", "token-error"] }

  /// Nats and errors (0 or 1) of each token, [batch, tokens] each.
  func validation(_ hidden: Tensor, _ targets: Tokens, at positions: PredictedPositions, _ random: inout Random)
    -> [Tensor]
  {
    guard let codes = targets.codes else { preconditionFailure("tokens of \(vocabulary) codes came without codes") }
    let batch = hidden.shape[0], tokens = hidden.shape[1], rightCodes = codes.flatMap { $0 }
    let logits = head(hidden.reshaped([batch * tokens, hidden.shape[2]]))
    return [
      logits.crossEntropy(rightCodes).reshaped([batch, tokens]),
      Tensor([batch, tokens], errors(logits.scalars, rightCodes)),
    ]
  }

  /// 1 for each row of logits [rows, vocabulary] whose largest is not that of the right code, else 0.
  private func errors(_ logits: [Float], _ rightCodes: [Int]) -> [Float] {
    let width = vocabulary
    var errors = [Float](repeating: 0, count: rightCodes.count)
    errors.withUnsafeMutableBufferPointer { errors in
      logits.withUnsafeBufferPointer { logits in
        ThreadPool.shared.split(rightCodes.count, grain: max(1, 10_000 / width)) { range in
          for row in range {
            let right = logits[row * width + rightCodes[row]]
            // Of equal logits the first is the most probable, as in argmax.
            for code in 0..<width {
              let other = logits[row * width + code]
              if other > right || (other == right && code < rightCodes[row]) || other.isNaN {
                errors[row] = 1
                break
              }
            }
          }
        }
      }
    }
    return errors
  }
}
