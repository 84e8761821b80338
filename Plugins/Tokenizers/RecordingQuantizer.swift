import Autoregression
import Synchronization
import Tensors

/// A quantizer that records its lookups, by which a tokenizer gets the vectors that a direction assigns to codes.
struct RecordingQuantizer: Quantizer {
  /// The vectors of one call, [rows, width], and their codes, [rows].
  struct Lookup: Sendable {
    var rows: Tensor, codes: [Int]
  }

  private final class Record: Sendable {
    let lookups = Mutex<[Lookup]>([])
  }
  /// The quantizer that finds the codes.
  let base: any Quantizer
  private let record = Record()

  init(_ base: any Quantizer) { self.base = base }

  /// All lookups so far, in order.
  var lookups: [Lookup] { record.lookups.withLock { $0 } }

  var space: TokenSpace { base.space }

  func tokens(nearest values: Tensor) -> Tokens {
    let tokens = base.tokens(nearest: values)
    let rows = values.detached.reshaped([values.shape[0] * values.shape[1], values.shape[2]])
    let lookup = Lookup(rows: rows, codes: tokens.codes.map { Array($0.joined()) } ?? [])
    record.lookups.withLock { $0.append(lookup) }
    return tokens
  }

  func tokens(coded codes: Indices) -> Tokens { base.tokens(coded: codes) }
  func refined(_ map: Tensor, at depth: Float) -> Tensor { base.refined(map, at: depth) }
}
