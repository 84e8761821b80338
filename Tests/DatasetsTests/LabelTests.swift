import Autoregression
import Datasets
import Foundation
import Settings
import Storage
import Testing

@Suite struct LabelTests {
  /// The message with which opening a file as a data set of three classes of 2x2 ends, without its path.
  private func opening(_ write: (Writer) throws -> Void) throws -> String? {
    let path = NSTemporaryDirectory() + "overtone-labels-\(UUID().uuidString).h5"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Writer.replacing(path, write)
    var settings = try Settings(parsing: "{ use: hdf5, path: \(path), size: 2, classes: 3 }", file: "data.yaml")
    let type = try Registry.linked().find("dataset", &settings, as: (any ImageDataset.Type).self)
    var dataset = try type.init(&settings)
    do { try dataset.open() } catch { return error.description.replacing("\(path): ", with: "") }
    return nil
  }

  /// Writes images [images, 2, 2, 3].
  private func write(images: Int, to file: Writer) throws {
    try file.write([UInt8](repeating: 9, count: images * 12), "images", shape: [images, 2, 2, 3])
  }

  private let range = "labels are numbers of classes from 0 to 999999."

  @Test("a label that is no class of the experiment is refused with its row and value, before anything is made")
  func labels() throws {
    let cases: [(labels: [Double], sentence: String?)] = [
      ([0, 1, 2], nil), ([0, -1, 2], "'label' is -1 in row 1; \(range)"),
      ([0, 0.9, 1.8], "'label' is 0.9 in row 1; \(range)"),
      ([0, 1, .nan], "'label' is nan in row 2; \(range)"), ([.infinity, 1, 2], "'label' is inf in row 0; \(range)"),
      ([0, 1, 0x1p40], "'label' is 1099511627776 in row 2; \(range)"),
      (
        [0, 5, 2],
        "'label' is 5 in row 1, the experiment says 3 classes, from 0 to 2; set dataset.classes=6."
      ), ([0, 1], "'label' has shape [2], not [3]."), ([0, 1, 2, 0], "'label' has shape [4], not [3]."),
    ]
    for (labels, sentence) in cases {
      let found = try opening { file in
        try write(images: 3, to: file)
        try file.write(labels, "label")
      }
      #expect(found == sentence, "\(labels)")
      guard labels.allSatisfy({ Int(exactly: $0) != nil }) else { continue }
      let integers = try opening { file in
        try write(images: 3, to: file)
        try file.write(labels.map { Int($0) }, "label")
      }
      #expect(integers == found, "\(labels) as integers")
    }
  }

  @Test("labels that are texts, in two dimensions, under another name, or without a class name are refused")
  func kinds() throws {
    let texts = try opening { file in
      try write(images: 3, to: file)
      try file.write(["a", "b", "c"], "label")
    }
    #expect(texts == "'label' holds text, not numbers of classes.")
    let square = try opening { file in
      try write(images: 3, to: file)
      try file.write([0, 1, 2], "label", shape: [3, 1])
    }
    #expect(square == "'label' has shape [3, 1], not [3].")
    for name in ["labels", "Labels", "targets", "y"] {
      let near = try opening { file in
        try write(images: 3, to: file)
        try file.write([0, 1, 2], name)
      }
      #expect(near == "there is no data set 'label'; if '\(name)' holds the labels, rename it.")
    }
    let named = try opening { file in
      try write(images: 3, to: file)
      try file.write([0, 1, 2], "label")
      try file.write(["a", "b"], "class_name")
    }
    #expect(
      named == "'label' is 2 in row 2, and 'class_name' names 2 classes, from 0 to 1; name every class, or none.")
  }

  @Test("images in another layout, of another kind, and none at all are refused, and the sentence says which it is")
  func images() throws {
    let wanted = "; it must hold uint8 [sample, row, column, 3] with channels red, green, blue."
    let cases: [(shape: [Int], found: String)] = [
      ([3, 3, 2, 2], "images [3, 3, 2, 2] with channels before rows, which need transpose(0, 2, 3, 1)"),
      ([3, 2, 2], "an array [3, 2, 2] of one grey image a sample, which needs three equal channels"),
      ([3, 2, 2, 1], "images [3, 2, 2, 1] of one channel, grey, which need three equal ones"),
      ([3, 2, 2, 4], "images [3, 2, 2, 4] with an alpha channel, which must be left out"),
      ([3, 12], "an array of shape [3, 12]"), ([0, 2, 2, 3], "no images: its shape is [0, 2, 2, 3]"),
    ]
    for (shape, found) in cases {
      let sentence = try opening { file in
        try file.write([UInt8](repeating: 9, count: shape.reduce(1, *)), "images", shape: shape)
      }
      #expect(sentence == "'images' holds \(found)\(wanted)")
    }
    let floats = try opening { try $0.write([Float](repeating: 0.5, count: 36), "images", shape: [3, 2, 2, 3]) }
    #expect(floats == "'images' holds float32, which need scaling to 0...255 and rounding\(wanted)")
  }
}
