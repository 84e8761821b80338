/// The sizes of one call of attention, and which keys each query sees.
struct AttentionShape {
  var batch: Int, heads: Int, headDim: Int, queries: Int, keys: Int
  /// [queries]: query i sees the first `visible[i]` keys.
  var visible: [Int]

  /// For queries [batch, queries, heads * headDim]; nil: every query sees all `keys`.
  init(queries shape: [Int], keys: Int, heads: Int, visible: [Int]?) {
    let (batch, queries, channels) = (shape[0], shape[1], shape[2])
    precondition(heads > 0 && channels % heads == 0, "\(channels) channels do not divide into \(heads) heads")
    self.visible = visible ?? Array(repeating: keys, count: queries)
    precondition(
      self.visible.count == queries && self.visible.allSatisfy { $0 >= 1 && $0 <= keys },
      "every query must see 1 to \(keys) keys")
    (self.batch, self.heads, headDim, self.queries, self.keys) = (batch, heads, channels / heads, queries, keys)
  }

  /// Factor of the scores, 1 / sqrt(headDim).
  var scale: Float { 1 / Float(headDim).squareRoot() }

  /// Channels of a row of all heads.
  var channels: Int { heads * headDim }

  /// Approximate cost of one head; with few queries reading keys and values takes most of the time.
  var cost: Int { queries * keys * (queries > 2 ? headDim / 8 + 4 : headDim + 16) }

  /// Keys, rounded up to whole vectors.
  var paddedKeys: Int { (keys + 15) / 16 * 16 }

  /// Queries, rounded up to whole tiles of `GEMMBlocking.mr`.
  var paddedQueries: Int { (queries + GEMMBlocking.mr - 1) / GEMMBlocking.mr * GEMMBlocking.mr }

  /// Floats from one row of scores to the next: an odd number of cache lines, since the rows of a column would
  /// otherwise compete for few sets of the cache.
  var scoreStride: Int { (paddedKeys / 16 | 1) * 16 }

  /// The number of query rows whose scores take at most `floats`: whole tiles, cut as evenly as these allow.
  func queryBlock(floats: Int) -> Int {
    let mr = GEMMBlocking.mr, most = Swift.max(1, floats / (scoreStride * mr)), tiles = paddedQueries / mr
    let blocks = Swift.max(1, (tiles + most - 1) / most)
    return Swift.max(1, (tiles + blocks - 1) / blocks) * mr
  }

  /// The most keys that a query of the tile beginning at `query` sees.
  func visibleKeys(ofTileAt query: Int) -> Int {
    var most = 0
    for i in query..<Swift.min(queries, query + GEMMBlocking.mr) { most = Swift.max(most, visible[i]) }
    return most
  }
}

/// Queries, keys or values of all heads where they lie: [batch, rows, parts, heads, headDim], of which this is one
/// part.
struct AttentionOperand {
  /// The first element of the part.
  let pointer: UnsafePointer<Float>
  /// Floats from one row to the next, from one head to the next, and from one sample to the next.
  let rowStride: Int, headStride: Int, sampleStride: Int

  /// Part `part` of `parts` equal pieces of the rows of a tensor [batch, rows, parts * heads * headDim].
  init(_ tensor: Tensor, heads: Int, part: Int = 0, of parts: Int = 1) {
    rowStride = tensor.shape[2]
    headStride = rowStride / parts / heads
    sampleStride = tensor.shape[1] * rowStride
    pointer = UnsafePointer(tensor.buffer.pointer) + part * (rowStride / parts)
  }

  /// The rows of one head of one sample: [rows, headDim].
  func head(_ sample: Int, _ head: Int) -> Matrix {
    Matrix(pointer: pointer + sample * sampleStride + head * headStride, stride: rowStride)
  }
}

/// Queries, keys and values of all heads.
struct AttentionInputs {
  var queries: AttentionOperand, keys: AttentionOperand, values: AttentionOperand
  /// Angles by which queries and keys are rotated before they meet; nil: they are used as they are.
  var rotary: RotaryAngles?

  /// Those of three tensors [batch, rows, heads * headDim].
  init(_ queries: Tensor, _ keys: Tensor, _ values: Tensor, heads: Int) {
    self.queries = AttentionOperand(queries, heads: heads)
    self.keys = AttentionOperand(keys, heads: heads)
    self.values = AttentionOperand(values, heads: heads)
  }

  /// Those that lie side by side: [batch, rows, 3 * heads * headDim].
  init(packed qkv: Tensor, heads: Int, rotary: RotaryAngles?) {
    queries = AttentionOperand(qkv, heads: heads, part: 0, of: 3)
    keys = AttentionOperand(qkv, heads: heads, part: 1, of: 3)
    values = AttentionOperand(qkv, heads: heads, part: 2, of: 3)
    self.rotary = rotary
  }

  /// Those of one head of one sample.
  func head(_ sample: Int, _ head: Int) -> HeadInputs {
    HeadInputs(
      queries: queries.head(sample, head), keys: keys.head(sample, head), values: values.head(sample, head),
      rotation: rotary?.sample(sample))
  }
}

/// Queries [queries, headDim], keys and values [keys, headDim] of one head.
struct HeadInputs {
  var queries: Matrix, keys: Matrix, values: Matrix
  var rotation: HeadRotation?
}

/// The gradients of queries, keys and values of one head, with `stride` floats from one row to the next.
struct HeadGradients {
  var queries: UnsafeMutablePointer<Float>, keys: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>
  var stride: Int
}
