import Glibc

/// The memory of the machine now.
struct MachineMemory {
  /// Bytes of the machine, those that programs can still have without swapping, and those of the swap space; 0 where
  /// the system does not say.
  private(set) var total = 0, free = 0, swap = 0

  /// Reads `/proc/meminfo`, whose lines are "MemAvailable:   12345 kB".
  init() {
    guard let file = fopen("/proc/meminfo", "re") else { return }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let words = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self).split(separator: " ")
      guard words.count >= 2, let kibibytes = Int(words[1]) else { continue }
      if words[0] == "MemTotal:" { total = kibibytes << 10 }
      if words[0] == "SwapTotal:" { swap = kibibytes << 10 }
      if words[0] == "MemAvailable:" { free = kibibytes << 10 }
    }
  }
}
