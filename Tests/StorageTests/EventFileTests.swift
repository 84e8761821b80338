import Foundation
import Storage
import Testing

@Suite struct EventFileTests {
  private func scratch() throws -> String {
    let folder = NSTemporaryDirectory() + "overtone-events-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return folder
  }

  @Test("checks are those that the standards give for 123456789, also in two parts")
  func checks() {
    let digits = Array("123456789".utf8)
    #expect(CRC.zip(digits) == 0xCBF4_3926 && CRC.castagnoli(digits) == 0xE306_9283)
    #expect(CRC.zip(digits[4...], after: CRC.zip(digits[..<4])) == 0xCBF4_3926)
    #expect(CRC.castagnoli([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)  // RFC 3720, B.4
  }

  @Test("a file is what TensorFlow's own writer makes of the same events, byte for byte")
  func bytes() throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/events"
    let file = try EventFile(
      path, [.init(time: 1.5, step: 10, .scalars([("model/loss", 0.25)]))], startedAt: 1)
    try file.append([.init(time: 2.5, step: 300, .image(tag: "samples/grid", height: 2, width: 3, png: [1, 2, 3]))])
    let found = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))).map { String($0, radix: 16) }
    // python -c "from tensorboard.summary.writer.record_writer import RecordWriter as W
    // from tensorboard.compat.proto.event_pb2 import *; from tensorboard.compat.proto.summary_pb2 import Summary as S
    // V = S.Value; I = S.Image(height=2, width=3, colorspace=3, encoded_image_string=bytes([1, 2, 3]))
    // w = W(open('e', 'wb')); [w.write(e.SerializeToString()) for e in [Event(wall_time=1,
    // file_version='brain.Event:2'), Event(wall_time=1, session_log=SessionLog(status=1)), Event(wall_time=1.5,
    // step=10, summary=S(value=[V(tag='model/loss', simple_value=.25)])), Event(wall_time=2.5, step=300,
    // summary=S(value=[V(tag='samples/grid', image=I)]))]]; w.flush() print(' '.join('%x' % b for b in open('e',
    // 'rb').read()))"
    #expect(found.joined(separator: " ") == Self.theirs)
  }

  private static let theirs = """
    18 0 0 0 0 0 0 0 a3 7f 4b 22 9 0 0 0 0 0 0 f0 3f 1a d 62 72 61 69 6e 2e 45 76 65 6e 74 3a 32 86 bf \
    57 7a d 0 0 0 0 0 0 0 3c 37 b8 34 9 0 0 0 0 0 0 f0 3f 3a 2 8 1 ab d8 44 2c 20 0 0 0 0 0 0 0 29 ed a9 \
    50 9 0 0 0 0 0 0 f8 3f 10 a 2a 13 a 11 a a 6d 6f 64 65 6c 2f 6c 6f 73 73 15 0 0 80 3e f9 89 9e 6e 2b \
    0 0 0 0 0 0 0 86 1b c3 4b 9 0 0 0 0 0 0 4 40 10 ac 2 2a 1d a 1b a c 73 61 6d 70 6c 65 73 2f 67 72 69 \
    64 22 b 8 2 10 3 18 3 22 3 1 2 3 33 f 5f fa
    """

  @Test("the times of a file read back, up to a frame that was cut short")
  func times() throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/events"
    let file = try EventFile(path, [.init(time: 1.5, step: 10, .scalars([("a", 1)]))], startedAt: 1)
    try file.append([.init(time: 2.5, step: 20, .scalars([("a", 2)])), .init(time: 3, step: 1 << 40, .scalars([]))])
    #expect(EventFile.times(in: path) == [10: 1.5, 20: 2.5, 1 << 40: 3])
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    try whole.dropLast(1).write(to: URL(fileURLWithPath: path))
    #expect(EventFile.times(in: path) == [10: 1.5, 20: 2.5])
    var broken = whole
    broken[broken.count / 2] ^= 1
    try broken.write(to: URL(fileURLWithPath: path))
    #expect(EventFile.times(in: path).count < 3)
    #expect(EventFile.times(in: "\(folder)/none") == [:])
  }
}
