extension Tensor {
  /// Rows of a table by index (an embedding lookup): self [entries, width], numbers [batch][count];
  /// [batch, count, width].
  public func rows(_ numbers: Indices) -> Tensor {
    let width = shape[1], entries = shape[0], count = numbers.first?.count ?? 0
    let flat = numbers.flatMap { $0 }, source = buffer.pointer
    precondition(flat.count == numbers.count * count, "every sample must name equally many rows")
    precondition(flat.allSatisfy { (0..<entries).contains($0) }, "a row is outside 0..<\(entries)")
    let value = Tensor(unfilled: [numbers.count, count, width]) { target in
      let target = target.baseAddress!
      parallel(flat.count, cost: width + 4) { range in
        for i in range { (target + i * width).update(from: source + flat[i] * width, count: width) }
      }
    }
    return value.recorded(inputs: [self]) { g in [g.returned(to: flat, entries: entries, width: width)] }
  }

  /// The sum of rows of several tables [entries, width]: row i of the result [rows, width] is the sum of row numbers[i]
  /// of every table.
  public static func summedRows(_ tables: [(table: Tensor, numbers: [Int])]) -> Tensor {
    let width = tables[0].table.shape[1], rows = tables[0].numbers.count
    for (table, numbers) in tables {
      precondition(table.shape[1] == width && numbers.count == rows, "the tables of a sum of rows do not fit")
      precondition(numbers.allSatisfy { (0..<table.shape[0]).contains($0) }, "a row is outside 0..<\(table.shape[0])")
    }
    let sources = tables.map { (pointer: UnsafePointer($0.table.buffer.pointer), numbers: $0.numbers) }
    let value = Tensor(unfilled: [rows, width]) { target in
      let target = target.baseAddress!
      parallel(rows, cost: width / 4) { range in
        for row in range {
          let line = target + row * width
          line.update(from: sources[0].pointer + sources[0].numbers[row] * width, count: width)
          for source in sources.dropFirst() {
            let from = source.pointer + source.numbers[row] * width
            for i in 0..<width { line[i] += from[i] }
          }
        }
      }
    }
    return value.recorded(inputs: tables.map(\.table)) {
      [all = tables.map { (entries: $0.table.shape[0], numbers: $0.numbers) }] g in
      all.map { g.returned(to: $0.numbers, entries: $0.entries, width: width) }
    }
  }

  /// The backward pass of a lookup: a table [entries, width] with each row added to the entry that it was read from.
  private func returned(to numbers: [Int], entries: Int, width: Int) -> Tensor {
    Tensor(unfilled: [entries, width]) { target in
      target.update(repeating: 0)
      let target = target.baseAddress!, source = buffer.pointer
      // Threads divide the columns, since two rows may add to one entry.
      parallel(width, cost: numbers.count, unit: 16) { columns in
        for (i, entry) in numbers.enumerated() {
          let from = source + i &* width, to = target + entry &* width
          for column in columns { to[column] += from[column] }
        }
      }
    }
  }

  /// Rows of every sample by index: self [batch, rows, width], numbers [batch][count]; [batch, count, width].
  public func gathered(_ numbers: Indices) -> Tensor {
    let (batch, rows, width) = (shape[0], shape[1], shape[2])
    precondition(numbers.count == batch, "\(numbers.count) lists of rows for \(batch) samples")
    return reshaped([batch * rows, width]).rows(
      numbers.enumerated().map { sample, row in
        row.map {
          precondition((0..<rows).contains($0), "row \($0) is outside 0..<\(rows)")
          return sample * rows + $0
        }
      })
  }

  /// A copy of `base` with the rows `numbers` replaced: self [batch, count, width], numbers [batch][count],
  /// base [batch, rows, width].
  ///
  /// No row may be named twice in one sample. The other rows are those of `base`.
  public func scattered(_ numbers: Indices, over base: Tensor) -> Tensor {
    let (batch, rows, width) = (base.shape[0], base.shape[1], base.shape[2]), count = shape[1], source = buffer.pointer
    precondition(
      shape[0] == batch && shape[2] == width && numbers.count == batch && numbers.allSatisfy { $0.count == count },
      "rows of shape \(shape) do not lie in \(base.shape)")
    let value = Tensor(unfilled: base.shape) { target in
      let target = target.baseAddress!
      target.update(from: base.buffer.pointer, count: base.count)
      parallel(batch, cost: count * width) { range in
        for sample in range {
          for (i, row) in numbers[sample].enumerated() {
            precondition((0..<rows).contains(row), "row \(row) is outside 0..<\(rows)")
            (target + (sample * rows + row) * width).update(from: source + (sample * count + i) * width, count: width)
          }
        }
      }
    }
    return value.recorded(inputs: [self, base]) { g in
      let nothing = Tensor(zeros: [batch, count, width])
      return [g.gathered(numbers), nothing.scattered(numbers, over: g)]
    }
  }
}
