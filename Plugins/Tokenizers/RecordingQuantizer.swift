import Autoregression
import Synchronization
import Tensors

/// A quantizer that answers as another and remembers what it was asked: so a tokenizer learns what a direction, whose
/// layout it does not know, brings to its codes.
struct RecordingQuantizer: Quantizer {
  /// Vectors [rows, width] and the code of each.
  typealias Asked = (rows: Tensor, codes: [Int])

  private final class Record: Sendable {
    let asked = Mutex<[Asked]>([])
  }
  let answering: any Quantizer
  private let record = Record()

  init(_ answering: any Quantizer) { self.answering = answering }

  /// Everything so far, in order.
  var asked: [Asked] { record.asked.withLock { $0 } }

  var space: TokenSpace { answering.space }

  func tokens(nearest values: Tensor) -> Tokens {
    let tokens = answering.tokens(nearest: values)
    let rows = values.detached.reshaped([values.shape[0] * values.shape[1], values.shape[2]])
    record.asked.withLock { $0.append((rows, tokens.codes.map { Array($0.joined()) } ?? [])) }
    return tokens
  }

  func tokens(coded codes: Indices) -> Tokens { answering.tokens(coded: codes) }
  func refined(_ map: Tensor, at depth: Float) -> Tensor { answering.refined(map, at: depth) }
}
