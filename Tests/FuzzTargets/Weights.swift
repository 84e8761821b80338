import Files
import ForeignWeights

extension FuzzTarget {
  static let weights: [FuzzTarget] = [
    FuzzTarget(
      "safetensors", seeds: [("Tests/ForeignWeightsTests/References", ".safetensors")],
      words: [
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}", "\"BF16\"", "\"F16\"", "\"I64\"",
        "\"U8\"",
        "\"__metadata__\"", "\"shape\"", "\"dtype\"", "\"data_offsets\"", "9223372036854775807", "-1", "[0,0]",
      ], readWeights),
    FuzzTarget(
      "torch", seeds: [("Tests/ForeignWeightsTests/References", ".pth")],
      words: [
        "PK\u{3}\u{4}", "PK\u{1}\u{2}", "PK\u{5}\u{6}", "archive/data.pkl", "archive/data/0", "archive/version",
        "ctorch._utils\n_rebuild_tensor_v2\n", "ctorch\nFloatStorage\n", "ccollections\nOrderedDict\n", "storage",
        "cpu",
      ], readWeights),
    FuzzTarget(
      "zip", seeds: [("Tests/ForeignWeightsTests/References", ".pth")],
      words: ["PK\u{3}\u{4}", "PK\u{1}\u{2}", "PK\u{5}\u{6}", "PK\u{6}\u{6}", "PK\u{6}\u{7}"]
    ) { bytes in
      let source = ByteSource(bytes, named: "x")
      for member in try ZipDirectory(source).members { _ = try? member.contents(in: source) }
    },
  ]

  private static func readWeights(_ bytes: [UInt8]) throws {
    let file = try WeightFile(bytes: bytes, named: "x")
    for group in file.groups {
      for name in file.names(in: group) { _ = file.shape(of: name, in: group) }
      _ = try file.tensors(in: group)
    }
  }
}
