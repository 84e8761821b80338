import ForeignWeights
import Foundation
import Tensors
import Testing

/// Files that are to harm a reader: sizes that they declare are refused before memory is taken, in time proportional to
/// the file.
@Suite struct HostileFileTests {
  /// The sentence that refuses a file, without its name; nil if all its tensors are read.
  private func refusal(_ bytes: [UInt8]) -> String? {
    do throws(WeightsError) {
      _ = try WeightFile(bytes: bytes, named: "f").tensors(in: nil)
      return nil
    } catch { return String(error.description.dropFirst("f: ".count)) }
  }

  // MARK: safetensors

  /// A safetensors file of a header and as many bytes of data.
  private func safetensors(_ header: String, data: Int) -> [UInt8] {
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    return length + Array(header.utf8) + Array(repeating: 0, count: data)
  }

  private static let cutShort = "the file ends before its contents do: it is cut short (an interrupted copy?)."
  private static let badNumber =
    "'a' has a length or an offset that is no whole number from 0 to 9223372036854775807."
  private static let badShape = "'a' has a shape that does not fit its bytes."

  @Test(
    "a safetensors tensor is refused unless its bytes lie in the file and its shape has as many",
    arguments: [
      ("F32", "[2]", "[0,8]", nil), ("F32", "[]", "[0,4]", Self.badTail(4)), ("F32", "[2]", "[8,16]", Self.cutShort),
      ("F32", "[2]", "[8,0]", Self.badShape), ("F32", "[2,2]", "[0,8]", Self.badShape),
      ("F32", "[-2]", "[0,8]", badNumber),
      ("F32", "[2.0]", "[0,8]", Self.badNumber), ("F32", "[2e0]", "[0,8]", Self.badNumber),
      ("F32", "[02]", "[0,8]", Self.badNumber), ("F32", "[\"2\"]", "[0,8]", Self.badNumber),
      ("F32", "[99999999999999999999]", "[0,8]", Self.badNumber), ("F32", "[2]", "[0,99999999999999999999]", badNumber),
      ("F32", "[4611686018427387904,4]", "[0,8]", Self.badShape), ("F32", "[9223372036854775807]", "[0,8]", badShape),
      ("F32", "[0,9223372036854775807,9223372036854775807]", "[0,0]", Self.badShape),
      ("F32", "[\(Array(repeating: "1", count: 33).joined(separator: ","))]", "[0,4]", Self.badShape),
      ("F64", "[1]", "[0,8]", nil), ("BOOL", "[8]", "[0,8]", nil), ("F32", "[1]", "[4,8]", Self.badStart(4)),
      ("F8_E4M3", "[8]", "[0,8]", "'a' holds numbers of kind F8_E4M3; save it as F32, F16 or BF16."),
    ] as [(String, String, String, String?)])
  func safetensorsShapes(_ kind: String, _ shape: String, _ offsets: String, _ sentence: String?) {
    let header = "{\"a\":{\"dtype\":\"\(kind)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}}"
    #expect(refusal(safetensors(header, data: 8)) == sentence)
  }

  private static func badTail(_ count: Int) -> String { "\(count) bytes follow its last tensor, which none may." }
  private static func badStart(_ start: Int) -> String {
    "the bytes of 'a' begin at \(start), but those before end at 0; safetensors has no gaps and no overlaps."
  }

  @Test(
    "a header that is not JSON of tensors is refused with the byte, whatever it nests",
    arguments: [
      ("{\"a\":[[[[", "damaged at byte 13 of the file."), ("{\"a\"", "damaged at byte 12 of the file."),
      ("{\"a\":{}}", "'a' lacks its dtype, shape or data_offsets."), ("{}x", "damaged at byte 10 of the file."),
      ("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", "'a' has 'dtype' twice in its safetensors header."),
      ("{\"\\ud800\":{}}", "damaged at byte"), ("{\"\\q\":{}}", "damaged at byte"), ("{}", "there is no tensor in it."),
      (
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},\"a\":{\"dtype\":\"F32\",\"shape\":[0],"
          + "\"data_offsets\":[0,0]}}", "its header names 'a' twice."
      ),
    ])
  func safetensorsHeaders(_ header: String, _ sentence: String) {
    #expect(refusal(safetensors(header, data: 0))?.contains(sentence) == true)
  }

  @Test("brackets without end, in a value that is read and in one that is skipped, overflow no stack")
  func deepJSON() {
    let deep = String(repeating: "[", count: 300_000)
    #expect(refusal(safetensors("{\"a\":\(deep)", data: 0))?.contains("damaged") == true)
    #expect(refusal(safetensors("{\"__metadata__\":\(deep)", data: 0))?.contains("damaged") == true)
    let closed = deep + String(repeating: "]", count: 300_000)
    let tensor = "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"x\":\(closed),\"data_offsets\":[0,4]}"
    #expect(refusal(safetensors("{\"__metadata__\":\(closed),\(tensor)}", data: 4)) == nil)
  }

  @Test("tensors that overlap, or leave gaps, are refused, in any order of the header")
  func overlaps() throws {
    func header(_ a: (Int, Int), _ b: (Int, Int)) -> String {
      func entry(_ name: String, _ span: (Int, Int)) -> String {
        "\"\(name)\":{\"dtype\":\"U8\",\"shape\":[\(span.1 - span.0)],\"data_offsets\":[\(span.0),\(span.1)]}"
      }
      return "{\(entry("a", a)),\(entry("b", b))}"
    }
    #expect(refusal(safetensors(header((4, 8), (0, 4)), data: 8)) == nil)
    #expect(
      refusal(safetensors(header((0, 4), (3, 8)), data: 8))?.contains("'b' begin at 3, but those before end at 4")
        == true)
    #expect(
      refusal(safetensors(header((5, 8), (0, 4)), data: 8))?.contains("'a' begin at 5, but those before end at 4")
        == true)
    let file = try WeightFile(
      bytes: safetensors(header((4, 8), (0, 4)).replacing("\"a\"", with: "\"\\u00e4\\n\""), data: 8), named: "f")
    #expect(file.names(in: "") == ["b", "ä\n"])
  }

  // MARK: Pickles

  /// A checkpoint of a pickled value and one storage of 16 bytes.
  private func checkpoint(_ value: [UInt8], tail: [UInt8] = []) -> [UInt8] {
    Checkpoint(members: [
      ("a/data.pkl", Pickle.whole(value)), ("a/data/0", Array(repeating: 0, count: 16)), ("a/tail", tail),
    ]).bytes
  }

  /// An integer of 8 bytes.
  private func long(_ value: Int) -> [UInt8] { [0x8A, 8] + withUnsafeBytes(of: value.littleEndian) { Array($0) } }

  @Test(
    "a tensor is refused unless its storage holds it, whatever its shape, strides and offset",
    arguments: [
      ([4], [1], 0, true), ([2, 2], [2, 1], 0, true), ([1 << 40, 0], [1, 1], 0, true), ([4], [1], 1, false),
      ([4], [1], .max, false), ([4], [.max], 0, false), ([.max], [1], 0, false),
      ([1 << 40, 1 << 40, 0], [1, 1, 1], 0, false),
      ([1 << 62, 4], [0, 0], 0, false), ([-1], [1], 0, false), ([4], [-1], 3, false), ([4], [1], -1, false),
      ([2], [1 << 62], 0, false), ([3, 3], [1 << 62, 1 << 62], 0, false),
    ] as [([Int], [Int], Int, Bool)])
  func storages(_ shape: [Int], _ strides: [Int], _ offset: Int, _ isRead: Bool) {
    let id = Pickle.tuple([
      Pickle.text("storage"), Pickle.global("torch", "FloatStorage"), Pickle.text("0"), Pickle.text("cpu"),
      Pickle.int(4),
    ])
    let arguments = Pickle.tuple([
      id + [0x51], long(offset), Pickle.tuple(shape.map(long)), Pickle.tuple(strides.map(long)), [0x89],
    ])
    let value = Pickle.dictionary([("x", Pickle.global("torch._utils", "_rebuild_tensor_v2") + arguments + [0x52])])
    #expect(refusal(checkpoint(value)) == (isRead ? nil : "a tensor of shape \(shape) reaches beyond its storage '0'."))
  }

  @Test("strides of 0 cannot make gigabytes of a few bytes, not by many tensors either")
  func repeated() {
    func value(_ count: Int, _ shape: [UInt8]) -> [UInt8] {
      let tensor = Pickle.tensor("FloatStorage", key: "0", shape: shape.map(Int.init), strides: shape.map { _ in 0 })
      return Pickle.dictionary((0..<count).map { ("\($0)", tensor) })
    }
    #expect(refusal(checkpoint(value(3, [100, 100]))) == nil)
    let sentence = "its tensors are more than 16 times as large as the file; save tensors without strides of 0."
    #expect(refusal(checkpoint(value(1, [255, 255, 255, 255])))?.hasSuffix(sentence) == true)
    #expect(refusal(checkpoint(value(20, [100, 100, 100])))?.hasSuffix(sentence) == true)
  }

  @Test("values that hold each other many times, deeply, or in a circle are refused, not searched for ever")
  func laughs() {
    // Each dictionary holds the one before it twice: 2^n ways to the first.
    var laughs: [UInt8] = [0x7D, 0x71, 0]
    for level in 1...30 {
      let inner: [UInt8] = [0x68, UInt8(level - 1)]
      laughs += [0x7D] + Pickle.text("a") + inner + [0x73] + Pickle.text("b") + inner + [0x73, 0x71, UInt8(level)]
    }
    let circle: [UInt8] = [0x7D, 0x71, 0] + Pickle.text("a") + [0x68, 0, 0x73]
    let nested: [[UInt8]] = Array(repeating: [0x7D] + Pickle.text("a"), count: 40)
    let deep: [UInt8] = Array(nested.joined()) + [0x4E] + Array(repeating: 0x73, count: 40)
    for value in [laughs, circle, deep] {
      #expect(
        refusal(checkpoint(value))
          == "its dictionaries hold one another more than 32 deep, or too often; save a state_dict.")
    }
  }

  @Test("nests of lists, parameters of themselves and long names take no stack and no time")
  func nests() {
    let lists = Array(repeating: UInt8(0x5D), count: 200_000) + Array(repeating: UInt8(0x61), count: 199_999)
    #expect(refusal(checkpoint(lists)) == "there is no tensor in it.")
    // list = [parameter]; parameter = _rebuild_parameter(*list)
    let make: [UInt8] = [0x5D, 0x71, 0, 0x30] + Pickle.global("torch._utils", "_rebuild_parameter") + [0x68, 0, 0x52]
    let circle: [UInt8] = make + [0x71, 1, 0x30, 0x68, 0, 0x68, 1, 0x61, 0x30, 0x68, 1]
    #expect(refusal(checkpoint(Pickle.dictionary([("x", circle)]))) == "its pickled directory of tensors is damaged.")
    // A long text, taken twice as the name of a global, again and again.
    let text: [UInt8] = [0x58, 0, 0, 1, 0] + Array(repeating: 65, count: 65_536) + [0x71, 0, 0x30]
    let globals: [[UInt8]] = Array(repeating: [0x68, 0, 0x68, 0, 0x93, 0x30], count: 10_000)
    let names: [UInt8] = text + Array(globals.joined()) + [0x4E]
    #expect(refusal(checkpoint(names)) == "its pickled directory of tensors is damaged.")
  }

  @Test("a dictionary that stands twice has its items in both positions, those set later included")
  func shared() throws {
    let tensor = Pickle.tensor("FloatStorage", key: "0", shape: [4], strides: [1])
    let outer: [UInt8] = [0x7D] + Pickle.text("model") + [0x7D, 0x71, 0, 0x73, 0x30]
    let item: [UInt8] = [0x68, 0] + Pickle.text("w") + tensor + [0x73, 0x30]
    // Twice in another dictionary, of the memo.
    let twice: [UInt8] = [0x7D] + Pickle.text("a") + [0x68, 0, 0x73] + Pickle.text("b") + [0x68, 0, 0x73]
    let whole = outer + item + twice
    let file = try WeightFile(bytes: checkpoint(whole), named: "f")
    #expect(file.groups == ["a", "b"] && file.names(in: "b") == ["w"])
  }

  // MARK: Mutations

  @Test(
    "thousands of changed files are read or refused in a sentence, and none takes much memory", arguments: [1, 2, 3])
  func mutations(_ seed: UInt64) throws {
    var random = Mutations(seed: seed), refused = 0
    let folder = WeightFileTests.folder
    let files = try ["flat.pth", "grouped.pth", "module.pth", "flat.safetensors"].map {
      [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)")))
    }
    for number in 0..<3000 {
      let bytes = random.changed(files[number % files.count])
      do throws(WeightsError) {
        let tensors = try WeightFile(bytes: bytes, named: "f").tensors(in: nil)
        let scalars = tensors.values.reduce(0) { $0 + $1.count }
        #expect(scalars * 4 <= 16 * bytes.count + 64 << 20)
      } catch {
        refused += 1
        #expect(error.description.hasPrefix("f: ") && error.description.hasSuffix("."))
      }
    }
    #expect(refused > 1000)
  }
}

/// Changes of bytes as mutation fuzzers make them, by a seed (splitmix64).
private struct Mutations {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  private mutating func below(_ bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return Int((bits ^ bits >> 31) % UInt64(bound))
  }

  /// Changes up to 4 times a byte, a bit, an interesting value, or, in one of eight files, the length.
  mutating func changed(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    let movesBytes = below(8) == 0
    for _ in 0...below(4) {
      let position = below(bytes.count)
      switch below(movesBytes ? 6 : 3) {
      case 0: bytes[position] = UInt8(below(256))
      case 1: bytes[position] ^= 1 << below(8)
      case 2: bytes[position] = [0, 1, 0x7F, 0x80, 0xFF, 0x28, 0x68, 0x7D][below(8)]
      case 3: bytes.removeSubrange(position..<min(bytes.count, position + 1 + below(8)))
      case 4: bytes.insert(contentsOf: bytes[position..<min(bytes.count, position + 1 + below(64))], at: position)
      default: bytes.removeLast(min(bytes.count - 1, below(200)))
      }
      if bytes.isEmpty { return [0] }
    }
    return bytes
  }
}
