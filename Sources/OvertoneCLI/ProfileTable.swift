import Foundation
import Tensors

/// Time per operation, forward and backward, as an aligned table.
struct ProfileTable {
  let lines: [Profile.Line]
  let repetitions: Int

  init(_ lines: [Profile.Line], repetitions: Int) {
    self.lines = lines
    self.repetitions = max(1, repetitions)
  }

  var text: String {
    let total = lines.reduce(0) { $0 + $1.seconds }
    func cell(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(1, width - text.count)) + text
    }
    func milliseconds(_ seconds: Double) -> String { String(format: "%.2f", seconds * 1000 / Double(repetitions)) }
    let head = cell("forward ms", 12) + cell("backward ms", 12) + cell("time", 8) + cell("calls", 9) + "  operation"
    return
      ([head]
      + lines.filter { $0.seconds > 0.0001 * total }.map { line in
        cell(milliseconds(line.forward), 12) + cell(milliseconds(line.backward), 12)
          + cell(String(format: "%.2f %%", 100 * line.seconds / total), 8) + cell("\(line.calls / repetitions)", 9)
          + "  \(line.name)"
      } + [cell(milliseconds(total), 12) + "  ms in total"]).joined(separator: "\n")
  }
}
