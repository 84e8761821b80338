extension Tensor {
  /// Computes new tensors row by row from old ones, on all threads; no gradient.
  ///
  /// Input i is [rows, inputWidth_i] and output i is [rows, outputs_i]. `body` receives the row's index and a pointer
  /// to that row of each input and output, and is called from several threads; `cost` is roughly its operations.
  public static func rowwise(
    _ inputs: [Tensor], outputs: [Int], cost: Int,
    _ body: (_ row: Int, _ from: [UnsafePointer<Float>], _ to: [UnsafeMutablePointer<Float>]) -> Void
  ) -> [Tensor] {
    let rows = inputs.first?.shape[0] ?? 0
    precondition(inputs.allSatisfy { $0.shape[0] == rows }, "inputs of shapes \(inputs.map(\.shape)) differ in rows")
    let widths = inputs.map { $0.count / Swift.max(1, rows) }
    let results = outputs.map { Tensor(shape: [rows, $0], buffer: Buffer(count: rows * $0), node: nil) }
    parallel(rows, cost: cost) { range in
      var from = inputs.indices.map { UnsafePointer(inputs[$0].buffer.pointer) + range.lowerBound * widths[$0] }
      var to = outputs.indices.map { results[$0].buffer.pointer + range.lowerBound * outputs[$0] }
      for row in range {
        body(row, from, to)
        for i in from.indices { from[i] += widths[i] }
        for i in to.indices { to[i] += outputs[i] }
      }
    }
    return results
  }
}
