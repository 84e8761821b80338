import ForeignWeights
import Foundation
import Tensors
import Testing

@Suite struct CheckpointTests {
  /// Reads a checkpoint of a pickled value and storages "0", "1", ...
  private func read(_ value: [UInt8], _ storages: [[UInt8]], isLarge: Bool = false) throws -> WeightFile {
    let path = FileManager.default.temporaryDirectory.path + "/overtone-\(UUID().uuidString).pth"
    defer { try? FileManager.default.removeItem(atPath: path) }
    var checkpoint = Checkpoint(isLarge: isLarge)
    checkpoint.members.append(("a/data.pkl", Pickle.whole(value)))
    for (index, storage) in storages.enumerated() { checkpoint.members.append(("a/data/\(index)", storage)) }
    try Data(checkpoint.bytes).write(to: URL(fileURLWithPath: path))
    return try WeightFile(path)
  }

  private func bytes<Scalar>(_ scalars: [Scalar]) -> [UInt8] { scalars.withUnsafeBytes { Array($0) } }

  /// The sentence that refuses a checkpoint, without its path; nil if it is read.
  private func refusal(_ value: [UInt8], _ storages: [[UInt8]]) throws -> String? {
    do {
      let file = try read(value, storages)
      return try file.tensors(in: nil).isEmpty ? "empty" : nil
    } catch let error as WeightsError {
      return error.description.split(separator: ".pth: ").last.map(String.init)
    }
  }

  @Test("integers of every size, booleans and floats become Float32", arguments: [false, true])
  func kinds(_ isLarge: Bool) throws {
    let storages: [(String, [UInt8])] = [
      ("DoubleStorage", bytes([0.5, -2] as [Double])), ("FloatStorage", bytes([0.5, -2] as [Float])),
      ("LongStorage", bytes([7, -1 << 40] as [Int64])), ("IntStorage", bytes([7, -70_000] as [Int32])),
      ("ShortStorage", bytes([7, -300] as [Int16])), ("CharStorage", bytes([7, -3] as [Int8])),
      ("ByteStorage", [7, 200]), ("BoolStorage", [0, 2]), ("HalfStorage", bytes([0x3800, 0xC000] as [UInt16])),
      ("BFloat16Storage", bytes([0x3F00, 0xC000] as [UInt16])),
    ]
    let value = Pickle.dictionary(
      storages.enumerated().map { index, storage in
        (storage.0, Pickle.tensor(storage.0, key: "\(index)", shape: [2], strides: [1]))
      })
    // Copied at once, since the file is mapped and removed afterwards.
    let file = try read(value, storages.map(\.1), isLarge: isLarge)
    #expect(file.groups == [""] && file.names(in: "").count == storages.count)
    let found = try file.tensors(in: nil).mapValues(\.scalars)
    for name in ["DoubleStorage", "FloatStorage", "HalfStorage", "BFloat16Storage"] {
      #expect(found[name] == [0.5, -2])
    }
    #expect(found["LongStorage"] == [7, -0x1p40] && found["IntStorage"] == [7, -70_000])
    #expect(found["ShortStorage"] == [7, -300] && found["CharStorage"] == [7, -3])
    #expect(found["ByteStorage"] == [7, 200] && found["BoolStorage"] == [0, 1])
  }

  @Test("a tensor may begin inside its storage, in any order of its axes, or repeat one row")
  func strides() throws {
    let storage = bytes((0..<8).map { Float($0) })
    func scalars(offset: Int, shape: [Int], strides: [Int]) throws -> [Float]? {
      let value = Pickle.dictionary([
        ("x", Pickle.tensor("FloatStorage", key: "0", offset: offset, shape: shape, strides: strides))
      ])
      return try read(value, [storage]).tensors(in: "")["x"]?.scalars
    }
    #expect(try scalars(offset: 2, shape: [2, 3], strides: [3, 1]) == [2, 3, 4, 5, 6, 7])
    #expect(try scalars(offset: 0, shape: [2, 3], strides: [1, 2]) == [0, 2, 4, 1, 3, 5])
    #expect(try scalars(offset: 1, shape: [3, 2], strides: [0, 1]) == [1, 2, 1, 2, 1, 2])
    #expect(try scalars(offset: 5, shape: [], strides: []) == [5])
    #expect(try scalars(offset: 8, shape: [0, 4], strides: [4, 1]) == [])
  }

  @Test("groups are the keys above the last, and other values are skipped")
  func groups() throws {
    let tensor = Pickle.tensor("FloatStorage", key: "0", shape: [1], strides: [1])
    let value = Pickle.dictionary([
      ("epoch", [0x8A, 2, 0x18, 0xFC]), ("rate", [0x47] + Array(repeating: 0, count: 8)), ("done", [0x88]),
      ("none", [0x4E]),
      ("list", [0x5D, 0x28] + Pickle.int(1) + Pickle.int(2) + [0x65]), ("raw", [0x43, 1, 65]),
      ("models", Pickle.dictionary([("ema", Pickle.dictionary([("a.weight", tensor)]))])),
      ("model", Pickle.dictionary([("a.weight", tensor), ("b", tensor)])),
    ])
    let file = try read(value, [bytes([4] as [Float])])
    #expect(file.groups == ["model", "models/ema"] && file.names(in: "model") == ["a.weight", "b"])
    #expect(try file.tensors(in: "models/ema").mapValues(\.scalars) == ["a.weight": [4]])
    #expect(file.shape(of: "b", in: "model") == [1] && file.shape(of: "c", in: "model") == nil)
  }

  @Test("a tensor that does not lie in the file is refused")
  func outside() throws {
    func refused(_ storage: String, _ key: String, offset: Int = 0, shape: [Int], strides: [Int]) throws -> String? {
      let tensor = Pickle.tensor(storage, key: key, offset: offset, shape: shape, strides: strides)
      return try refusal(Pickle.dictionary([("x", tensor)]), [bytes([1, 2, 3] as [Float])])
    }
    #expect(try refused("FloatStorage", "0", shape: [3], strides: [1]) == nil)
    #expect(
      try refused("FloatStorage", "0", shape: [4], strides: [1])
        == "a tensor of shape [4] reaches beyond its storage '0'.")
    #expect(
      try refused("FloatStorage", "0", offset: 2, shape: [2], strides: [1])
        == "a tensor of shape [2] reaches beyond its storage '0'.")
    #expect(
      try refused("FloatStorage", "0", shape: [2, 2], strides: [200, 200])
        == "a tensor of shape [2, 2] reaches beyond its storage '0'.")
    #expect(
      try refused("FloatStorage", "7", shape: [1], strides: [1]) == "the storage '7' of a tensor is not in the file.")
    #expect(
      try refused("FloatStorage", "0", shape: [1], strides: []) == "its pickled directory of tensors is damaged.")
    #expect(
      try refused("QInt8Storage", "0", shape: [1], strides: [1])
        == "a tensor lies in a torch QInt8Storage; save it as float32, float16 or bfloat16.")
  }

  @Test(
    "a pickle that takes from an empty stack, an open mark or an unknown memo is refused",
    arguments: [
      [0x30], [0x52], [0x74], [0x75], [0x68, 3], [0x73], [0x61], [0x86], [0x8A, 9] + Array(repeating: 1, count: 9),
      [0x4B], [0x58, 255, 255, 255, 127], [0x28, 0x30], [0x4E, 0x4E, 0x61], [0x4E, 0x4E, 0x4E, 0x73],
      [0x7D, 0x28, 0x4E, 0x75], [0x4E, 0x4E, 0x52],
    ] as [[UInt8]])
  func damagedPickles(_ opcodes: [UInt8]) throws {
    #expect(try refusal(opcodes, []) == "its pickled directory of tensors is damaged.")
  }

  @Test("a compressed member is refused")
  func compressed() throws {
    var bytes = Checkpoint(members: [("a/data.pkl", Pickle.whole([0x7D]))]).bytes
    let entry = try #require((0..<bytes.count - 4).last { bytes[$0..<$0 + 4].elementsEqual([0x50, 0x4B, 1, 2]) })
    bytes[entry + 10] = 8
    let path = FileManager.default.temporaryDirectory.path + "/overtone-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    do throws(WeightsError) {
      let file = try WeightFile(path)
      Issue.record("\(file.path) was read")
    } catch {
      #expect(
        error.description
          == "\(path): 'a/data.pkl' is compressed, which torch.save does not do; save the weights again.")
    }
  }
}
