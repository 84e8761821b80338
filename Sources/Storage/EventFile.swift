import Files
import Glibc

/// A file of numbers and images along steps that TensorBoard shows: Event messages in TFRecord frames.
///
/// Source: tensorflow/core/util/event.proto, framework/summary.proto and lib/io/record_writer.h. Only the fields that
/// are needed here are written, by hand.
public struct EventFile: Sendable {
  /// Path of the file.
  public let path: String

  /// The content of an event.
  public enum Content: Sendable {
    /// Numbers, each stored as float32 under its tag.
    case scalars([(tag: String, value: Double)])
    /// `png`: the file's bytes.
    case image(tag: String, height: Int, width: Int, png: [UInt8])
  }

  /// One message of the file.
  public struct Event: Sendable {
    /// Seconds since 1970.
    public var time: Double
    /// Training step, the horizontal axis of TensorBoard.
    public var step: Int
    /// Numbers, or an image.
    public var content: Content

    /// Creates an event; `time` is in seconds since 1970.
    public init(time: Double, step: Int, _ content: Content) {
      self.time = time
      self.step = step
      self.content = content
    }
  }

  /// Makes a file in place of what was there, beside it first.
  ///
  /// It begins by saying that nothing seen before counts, for a TensorBoard that watches while a run is taken up again.
  public init(_ path: String, _ events: [Event], startedAt time: Double) throws(StorageError) {
    self.path = path
    var version = Message(), session = Message(), start = Message()
    version.double(1, time)
    version.text(3, "brain.Event:2")
    start.varint(1, 1)
    session.double(1, time)
    session.message(7, start)
    let frames = Self.frame(version.bytes) + Self.frame(session.bytes) + events.flatMap { Self.frame($0.message.bytes) }
    let temporary = TemporaryName.of(path)
    do throws(StorageError) {
      try Self.put(frames, in: temporary, .replacing, final: path)
      try Writer.put(temporary, in: path)
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Adds events at the end.
  public func append(_ events: [Event]) throws(StorageError) {
    try Self.put(events.flatMap { Self.frame($0.message.bytes) }, in: path, .appending, final: path)
  }

  /// Writes bytes to a file; `final` is the path that errors name. Nothing of frames that cannot be added stays.
  private static func put(
    _ bytes: [UInt8], in path: String, _ mode: OutputFile.Mode, final: String
  ) throws(StorageError) {
    do throws(FileError) {
      let file = try OutputFile(path, mode, final: final), size = file.size
      do throws(FileError) { try file.write(bytes) } catch {
        file.cut(to: size)
        throw error
      }
      try file.close()
    } catch {
      throw .unwritable(path: final, why: error.cause)
    }
  }

  // MARK: Frames

  /// A frame: length [8], its masked CRC-32C [4], content, its masked CRC-32C [4]; numbers little-endian.
  static func frame(_ content: [UInt8]) -> [UInt8] {
    let length = Self.bytes(UInt64(content.count))
    return length + bytes(masked(length)) + content + bytes(masked(content))
  }

  /// A check that may itself be checked: TFRecord rotates it by 15 bits to the right and adds a constant.
  static func masked(_ bytes: some Sequence<UInt8>) -> UInt32 {
    let check = CRC.castagnoli(bytes)
    return (check >> 15 | check << 17) &+ 0xA282_EAD8
  }

  /// Little-endian.
  static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }
}

extension EventFile.Event {
  /// The protobuf message Event. Fields: 1 wall_time, 2 step, 5 summary, whose values have 1 tag, 2 simple_value, 4
  /// image.
  var message: Message {
    var event = Message(), summary = Message()
    event.double(1, time)
    event.varint(2, UInt64(bitPattern: Int64(step)))
    switch content {
    case .scalars(let scalars):
      for (tag, value) in scalars {
        var entry = Message()
        entry.text(1, tag)
        entry.float(2, Float(value))
        summary.message(1, entry)
      }
    case .image(let tag, let height, let width, let png):
      var entry = Message(), image = Message()
      image.varint(1, UInt64(height))
      image.varint(2, UInt64(width))
      image.varint(3, 3)  // red, green, blue
      image.data(4, png)
      entry.text(1, tag)
      entry.message(4, image)
      summary.message(1, entry)
    }
    event.message(5, summary)
    return event
  }
}

/// A protobuf message being written, field by field.
struct Message {
  private(set) var bytes: [UInt8] = []

  /// Appends an integer. A tag is the number of the field times 8 plus the wire type: 0 varint, 1 64 bits, 2 length and
  /// bytes, 5 32 bits.
  mutating func varint(_ field: UInt64, _ value: UInt64) {
    variable(field << 3)
    variable(value)
  }

  mutating func double(_ field: UInt64, _ value: Double) {
    variable(field << 3 | 1)
    bytes += EventFile.bytes(value.bitPattern)
  }

  mutating func float(_ field: UInt64, _ value: Float) {
    variable(field << 3 | 5)
    bytes += EventFile.bytes(value.bitPattern)
  }

  mutating func data(_ field: UInt64, _ data: [UInt8]) {
    variable(field << 3 | 2)
    variable(UInt64(data.count))
    bytes += data
  }

  mutating func text(_ field: UInt64, _ text: String) { data(field, Array(text.utf8)) }
  mutating func message(_ field: UInt64, _ message: Message) { data(field, message.bytes) }

  /// Appends a base-128 varint: seven bits per byte, the low ones first, the top bit set in all bytes but the last.
  private mutating func variable(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
