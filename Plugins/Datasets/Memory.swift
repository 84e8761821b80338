import Glibc
import Settings

/// The memory that a data set may take for its images.
enum Memory {
  /// Reads the setting `memory`, in bytes.
  static func limit(_ settings: inout Settings) throws(SettingsError) -> Int {
    let megabytes: Int = try settings[
      "memory", default: 1024, in: 0...1_000_000,
      about: "megabytes of images that are kept in memory; images that do not fit are read when they are needed"]
    return megabytes * 1_000_000
  }
}

/// Blocks of bytes by number, of which those that were used last are kept.
final class BlockCache: @unchecked Sendable {
  // Guarded by `lock`.
  private var blocks: [Int: (bytes: [UInt8], used: Int)] = [:]
  private var size = 0
  private var clock = 0
  private var lock = pthread_mutex_t()
  /// The most bytes, beside the block that was read last.
  private let limit: Int

  /// A cache that keeps at most `limit` bytes, but always one block.
  init(limit: Int) {
    self.limit = limit
    pthread_mutex_init(&lock, nil)
  }

  deinit { pthread_mutex_destroy(&lock) }

  /// Returns a block; `read` reads it where it is not kept.
  func block<Failure>(_ number: Int, read: () throws(Failure) -> [UInt8]) throws(Failure) -> [UInt8] {
    if let bytes = kept(number) { return bytes }
    let bytes = try read()
    keep(bytes, as: number)
    return bytes
  }

  private func kept(_ number: Int) -> [UInt8]? {
    pthread_mutex_lock(&lock)
    defer { pthread_mutex_unlock(&lock) }
    clock += 1
    blocks[number]?.used = clock
    return blocks[number]?.bytes
  }

  private func keep(_ bytes: [UInt8], as number: Int) {
    pthread_mutex_lock(&lock)
    defer { pthread_mutex_unlock(&lock) }
    guard blocks[number] == nil else { return }
    while size + bytes.count > limit, let oldest = blocks.min(by: { $0.value.used < $1.value.used }) {
      blocks[oldest.key] = nil
      size -= oldest.value.bytes.count
    }
    blocks[number] = (bytes, clock)
    size += bytes.count
  }
}
