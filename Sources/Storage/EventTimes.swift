import Glibc

extension EventFile {
  /// When each step was noted, as a file that `EventFile` wrote says; a frame that was cut short ends it.
  public static func times(in path: String) -> [Int: Double] {
    guard let file = fopen(path, "r") else { return [:] }
    defer { fclose(file) }
    func read(_ count: Int) -> [UInt8]? {
      var bytes = [UInt8](repeating: 0, count: count)
      return fread(&bytes, 1, count, file) == count ? bytes : nil
    }
    func number(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    var times: [Int: Double] = [:]
    // No event of ours is as long as 2^28 bytes: a longer one is damage.
    while let head = read(12), number(head[8...]) == UInt64(masked(head[..<8])), number(head[..<8]) < 1 << 28,
      let content = read(Int(number(head[..<8]))), let check = read(4), number(check) == UInt64(masked(content))
    {
      // Field 1, the time, in nine bytes; then field 2, the step.
      guard content.count > 10, content[0] == 1 << 3 | 1, content[9] == 2 << 3 else { continue }
      var step: UInt64 = 0
      for (index, byte) in content[10...].prefix(10).enumerated() {
        step |= UInt64(byte & 0x7F) << (7 * UInt64(index))
        if byte < 0x80 { break }
      }
      times[Int(truncatingIfNeeded: step)] = Double(bitPattern: number(content[1..<9]))
    }
    return times
  }
}
