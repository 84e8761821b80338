import ForeignWeights
import Foundation
import Tensors
import Testing

/// Files that PyTorch and safetensors wrote (`References/make.py`), and damaged copies of them.
@Suite struct WeightFileTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/References"
  /// -7.5, -6.5, ... as [2, 3, 4].
  static let numbers = Tensor([2, 3, 4], (0..<24).map { Float($0) - 7.5 })

  @Test("every kind of number and every layout arrives as it was", arguments: ["flat.pth", "flat.safetensors"])
  func kinds(file: String) throws {
    let found = try WeightFile("\(Self.folder)/\(file)").tensors(in: nil)
    for name in ["plain.weight", "half.weight", "brain.weight"] {
      #expect(found[name]?.shape == [2, 3, 4] && found[name]?.scalars == Self.numbers.scalars, "\(name)")
    }
    #expect(found["double.weight"]?.scalars == Self.numbers.scalars.map { Float(Double($0) / 3) })
    #expect(found["counter"]?.shape == [] && found["counter"]?.scalars == [1_234_567])
    #expect(found["permuted.weight"]?.shape == [4, 2, 3])
    #expect(found["permuted.weight"]?.scalars == Self.numbers.permuted([2, 0, 1]).scalars)
    #expect(found["part.weight"]?.shape == [2, 4])
    #expect(found["part.weight"]?.scalars == Array(Self.numbers.scalars[16..<24]))
    #expect(found["parameter"]?.scalars == Array(Self.numbers.scalars[0..<12]))
    #expect(found["flags"]?.scalars == [1, 0, 1])
    #expect(found["empty"]?.shape == [0, 3])
    #expect(found.count == 10)
  }

  @Test("a checkpoint with groups gives 'model' unless another is named, and what is no tensor is passed over")
  func groups() throws {
    let file = try WeightFile("\(Self.folder)/grouped.pth")
    #expect(file.groups == ["model", "model_ema"])
    #expect(try file.tensors(in: nil)["plain.weight"]?.scalars == Self.numbers.scalars)
    #expect(try file.tensors(in: "model_ema")["plain.weight"]?.scalars == Self.numbers.scalars.map { $0 + 1 })
    #expect(throws: WeightsError.noGroup(path: file.path, name: "ema", there: ["'model'", "'model_ema'"])) {
      try file.tensors(in: "ema")
    }
  }

  @Test("a module's state_dict, versions attached, is read")
  func module() throws {
    let file = try WeightFile("\(Self.folder)/module.pth")
    #expect(file.groups == [""] && file.names(in: "").count == 7)
    #expect(file.shape(of: "0.weight", in: "") == [2, 1, 3, 3])
    #expect(try file.tensors(in: nil)["0.weight"]?.scalars == (0..<18).map { Float($0) })
  }

  @Test("a pickle of before PyTorch 1.6, a text and a missing file are refused in a sentence")
  func refusals() throws {
    #expect(
      message("\(Self.folder)/old.pth")
        == "\(Self.folder)/old.pth: this is a pickle of PyTorch before 1.6; "
        + "load it there and save its state_dict again."
    )
    #expect(
      message("\(Self.folder)/make.py")
        == "\(Self.folder)/make.py: this is neither a safetensors file nor a PyTorch checkpoint.")
    #expect(message("/nowhere/at.all") == "/nowhere/at.all: there is no such file.")
    #expect(message(Self.folder) == "\(Self.folder): this is a folder, not a file.")
  }

  /// A file that is damaged in one way, and the sentence that refuses it.
  struct Damage: Sendable, CustomStringConvertible {
    let description: String
    let file: String
    let sentence: String
    let change: @Sendable (inout Data) -> Void

    init(_ description: String, of file: String, _ sentence: String, _ change: @escaping @Sendable (inout Data) -> Void)
    {
      self.description = description
      self.file = file
      self.sentence = sentence
      self.change = change
    }
  }

  private static let cutShort = "the file ends before its contents do: it is cut short (an interrupted copy?)."
  private static let badZip = "its zip directory is damaged or cut short."
  private static let badPickle = "its pickled directory of tensors is damaged."
  private static let damages = [
    Damage("an empty file", of: "flat.pth", "the file is empty.") { $0 = Data() },
    Damage("eight bytes", of: "flat.safetensors", "this is neither a safetensors file nor a PyTorch checkpoint.") {
      $0 = $0.prefix(8)
    },
    Damage("a header cut off", of: "flat.safetensors", cutShort) { $0 = $0.prefix(40) },
    Damage("a header longer than the file", of: "flat.safetensors", cutShort) {
      $0.replaceSubrange(4..<6, with: [1, 0])
    },
    Damage("a header of a length beyond 63 bits", of: "flat.safetensors", cutShort) { $0[7] = 0xFF },
    Damage(
      "a header that is no JSON", of: "flat.safetensors", "its safetensors header is damaged at byte 89 of the file."
    ) {
      $0.replace("data_offsets", by: "data_offset\"")
    },
    Damage(
      "an unknown kind", of: "flat.safetensors", "'half.weight' holds numbers of kind F99; save it as F32, F16 or BF16."
    ) {
      $0.replace("\"F16\"", by: "\"F99\"")
    },
    Damage("scalars cut off", of: "flat.safetensors", cutShort) { $0.removeLast() },
    Damage("a shape too large", of: "flat.safetensors", "'parameter' has a shape that does not fit its bytes.") {
      $0.replace("[3,4]", by: "[3,5]")
    },
    Damage(
      "a negative length", of: "flat.safetensors",
      "'permuted.weight' has a length or an offset that is no whole number from 0 to 9223372036854775807."
    ) {
      $0.replace("[4,2,3]", by: "[4,2,-3]")
    },
    Damage("a zip without its directory", of: "flat.pth", badZip) { $0 = $0.prefix(300) },
    Damage("a zip directory that is overwritten", of: "flat.pth", badZip) {
      $0.replace("PK\u{1}\u{2}", by: "PK\u{1}\u{3}")
    },
    Damage("a member without its header", of: "flat.pth", badZip) {
      $0.replace("PK\u{3}\u{4}", by: "PK\u{3}\u{5}", last: true)
    },
    Damage("a zip of another program", of: "flat.pth", "this zip file holds no PyTorch checkpoint.") {
      $0.replace("data.pkl", by: "data.txt", all: true)
    },
    Damage("big-endian numbers", of: "flat.pth", "its numbers are big-endian; save it on a little-endian machine.") {
      $0.replace("byteorderlittle", by: "byteorderbig---")
    },
    Damage("a call of what is no class", of: "flat.pth", badPickle) {
      $0.replace("ccollections\nOrderedDict\n", by: "NU\u{16}collections OrderedDic")
    },
    Damage(
      "an unknown opcode", of: "flat.pth",
      "its pickle uses the code 63, which weights do not need; save a state_dict again."
    ) {
      $0.replace("ccollections", by: "?collections")
    },
    Damage(
      "an unknown storage", of: "flat.pth",
      "a tensor lies in a torch FloatStorble; save it as float32, float16 or bfloat16."
    ) {
      $0.replace("FloatStorage", by: "FloatStorble")
    },
    Damage("no tensor at all", of: "flat.pth", "there is no tensor in it.") {
      $0.replace("_rebuild_tensor_v2", by: "_rebuild_tensor_v9", all: true)
      $0.replace("_rebuild_parameter", by: "_rebuild_parametex", all: true)
    },
  ]

  @Test("a damaged file is refused in a sentence that names the damage", arguments: damages)
  func damagedFiles(_ damage: Damage) throws {
    var data = try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(damage.file)"))
    damage.change(&data)
    let path = FileManager.default.temporaryDirectory.path + "/overtone-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try data.write(to: URL(fileURLWithPath: path))
    #expect(message(path) == "\(path): \(damage.sentence)")
  }

  @Test("a file cut anywhere, or with any byte changed, is read or refused, never a crash")
  func damage() throws {
    for name in ["flat.pth", "flat.safetensors"] {
      let whole = try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(name)"))
      for length in stride(from: 0, to: whole.count, by: max(1, whole.count / 97)) {
        attempt(whole.prefix(length))
      }
      for position in stride(from: 0, to: whole.count, by: max(1, whole.count / 997)) {
        var damaged = whole
        damaged[position] ^= 0xFF
        attempt(damaged)
      }
    }
  }

  @Test("half precision widens exactly: ones, the largest, the smallest, infinities")
  func half() throws {
    let bits: [UInt16] = [0x3C00, 0xC000, 0x7BFF, 0x0001, 0x8000, 0x7C00, 0xFC00, 0x7E00]
    let header = Array("{\"x\":{\"dtype\":\"F16\",\"shape\":[8],\"data_offsets\":[0,16]}}".utf8)
    var data = Data([UInt8(header.count), 0, 0, 0, 0, 0, 0, 0] + header)
    for number in bits { data += [UInt8(number & 0xFF), UInt8(number >> 8)] }
    let path = FileManager.default.temporaryDirectory.path + "/half-\(getpid()).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try data.write(to: URL(fileURLWithPath: path))
    let found = try #require(try WeightFile(path).tensors(in: nil)["x"]).scalars
    #expect(Array(found.dropLast()) == [1, -2, 65504, 0x1p-24, 0, .infinity, -.infinity])
    #expect(found[7].isNaN && found[4].sign == .minus)
  }

  /// A file is read, or refused in a sentence that begins with its name.
  private func attempt(_ data: Data) {
    do { _ = try WeightFile(bytes: Array(data), named: "f").tensors(in: nil) } catch {
      #expect("\(error)".hasPrefix("f: "))
    }
  }

  private func message(_ path: String) -> String? {
    do { _ = try WeightFile(path).tensors(in: nil) } catch { return "\(error)" }
    return nil
  }
}

extension Data {
  /// Replaces the first occurrence of a text, the last one, or all.
  fileprivate mutating func replace(_ old: String, by new: String, last: Bool = false, all: Bool = false) {
    var from = startIndex
    while let found = range(of: Data(old.utf8), options: last ? .backwards : [], in: from..<endIndex) {
      replaceSubrange(found, with: Data(new.utf8))
      from = found.lowerBound + new.utf8.count
      if !all { return }
    }
  }
}
