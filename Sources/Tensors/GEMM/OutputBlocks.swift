/// Some rows and columns of B, packed: [rows / kc][micro-panel], each micro-panel as `pack` lays it out.
struct PackedRange {
  let pointer: UnsafePointer<Float>
  /// The rows of B, which are steps along k, and its columns.
  let rows: Range<Int>, columns: Range<Int>
  /// Rows that are packed, and multiplied, at once.
  let kc: Int

  /// Element [step, columns.lowerBound] of some of the columns.
  func panels(_ columns: Range<Int>, from step: Int) -> UnsafePointer<Float> {
    pointer
      + (PackedB.count(rows: step - rows.lowerBound, columns: self.columns.count)
        + PackedB.count(
          rows: Swift.min(kc, rows.upperBound - step), columns: columns.lowerBound - self.columns.lowerBound))
  }
}

/// The blocks of C that threads compute one after another, for the steps along k whose rows of B are packed.
struct OutputBlocks {
  private let a: PackedA, b: PackedRange, m: Int
  private let target: TileTarget, epilogue: GEMMEpilogue
  /// Micro-tiles from top to bottom, and blocks one below the other that they are divided among.
  private let tileRows: Int, blockRows: Int
  /// Columns of a block, and blocks side by side.
  private let width: Int, blockColumns: Int

  /// Cuts C [m, columns of b] into blocks.
  init(_ a: PackedA, _ b: PackedRange, m: Int, _ target: TileTarget, _ epilogue: GEMMEpilogue) {
    (self.a, self.b, self.m, self.target, self.epilogue) = (a, b, m, target, epilogue)
    let threads = ThreadPool.shared.width
    tileRows = (m + GEMMBlocking.mr - 1) / GEMMBlocking.mr
    // Half a megabyte of B stays in the second-level cache for one block after another. Where A is packed for each
    // block, that is done once for all columns.
    width = Swift.min(b.columns.count, a.isPacked ? GEMMBlocking.nc : GEMMBlocking.nc / 2)
    blockColumns = (b.columns.count + width - 1) / width
    // Four blocks a thread balance the work, if they are not so low that B is read too often: the gradient of weights
    // with 256 outputs is computed 1.05 to 1.08 times as fast in four blocks as in eight (Cascade Lake).
    let most = 12, whole = (tileRows + most - 1) / most
    let fair = Swift.max(whole, Swift.min(4 * threads / blockColumns, tileRows / 10))
    blockRows = Swift.max(1, (fair + threads - 1) / threads * threads)
  }

  /// Blocks in all.
  var count: Int { blockRows * blockColumns }

  /// Floats of scratch for a micro-tile and the packed micro-panels of A of one block.
  var scratchCount: Int {
    TileTarget.scratchCount
      + (a.isPacked ? PackedA.count(panels: (tileRows + blockRows - 1) / blockRows + 1, steps: b.kc) : 0)
  }

  /// Computes one block; `isLast` where this range of k completes the sums.
  func multiply(_ block: Int, isLast: Bool, _ scratch: UnsafeMutablePointer<Float>) {
    let (row, column) = (block % blockRows, b.columns.lowerBound + block / blockRows * width)
    let rows =
      row * tileRows / blockRows * GEMMBlocking.mr..<Swift.min(m, (row + 1) * tileRows / blockRows * GEMMBlocking.mr)
    let columns = column..<Swift.min(b.columns.upperBound, column + width)
    guard !rows.isEmpty else { return }
    for step in stride(from: b.rows.lowerBound, to: b.rows.upperBound, by: b.kc) {
      multiply(rows, columns, step..<Swift.min(b.rows.upperBound, step + b.kc), scratch)
    }
    if isLast { epilogue.completion?(rows, columns) }
  }

  private func multiply(
    _ rows: Range<Int>, _ columns: Range<Int>, _ steps: Range<Int>, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let panels = a.panels(
      rows, steps: steps, addsRowSums: columns.lowerBound == 0, into: scratch + TileTarget.scratchCount)
    // Read next: further rows of B, or the first ones for the next block.
    let further = steps.upperBound < b.rows.upperBound ? steps.upperBound : b.rows.lowerBound
    let (row, column, isFirst) = (rows.lowerBound, columns.lowerBound, steps.lowerBound == 0)
    let offset = target.isTransposed ? column * target.stride + row : row * target.stride + column
    var target = target
    target.scratch = scratch
    target.pointer += offset
    // After the first steps along k, C holds the sums so far, to which the others are added.
    target.addend = isFirst ? target.addend.map { $0 + offset } : UnsafePointer(target.pointer)
    target.bias = isFirst ? target.bias.map { $0 + (target.isTransposed ? row : column) } : nil
    (target.rows, target.columns) = (rows.count, columns.count)
    multiply(
      panels, b.panels(columns, from: steps.lowerBound), steps: steps.count, target,
      next: b.panels(columns, from: further))
  }

  /// Multiplies micro-panel by micro-panel of B into the target's rows and columns (BLIS: the loop over jr); the
  /// micro-panel at `next` is read after them.
  private func multiply(
    _ a: PanelLayout, _ b: UnsafePointer<Float>, steps: Int, _ target: TileTarget, next: UnsafePointer<Float>
  ) {
    let nr = GEMMBlocking.nr, (rows, columns) = (target.rows, target.columns)
    var panel = b, target = target
    for column in stride(from: 0, to: columns, by: nr) {
      target.columns = Swift.min(nr, columns - column)
      let vectors = vectorCount(target.columns), count = steps * vectorWidth * vectors
      let path = ReductionPath(length: steps, aStep: a.kStride, bStep: vectorWidth * vectors)
      macroKernel(
        vectors: vectors, rows: rows, a, panel, path, target,
        PrefetchPlan(
          nextPanel: column + nr < columns ? panel + count : next, count: count,
          prefetchesA: column == 0 && a.isUnpacked))
      panel += count
      target.advance(by: target.isTransposed ? nr * target.stride : nr)
      if !target.isTransposed { target.bias = target.bias.map { $0 + nr } }
    }
  }
}
