import CHDF5

/// The description of a data set, without its values.
package struct DatasetFacts: Sendable {
  /// The kind of its elements.
  package let kind: Kind
  /// The type of its elements in words.
  package let type: String
  /// Its extent; empty for a scalar.
  package let shape: [Int]
  /// True where it has a null space: no extent and no elements.
  package let isNull: Bool
  /// The name of the first scale of each axis; nil where there is none. Empty unless details were wanted.
  package let axes: [String?]
  /// True if it is a dimension scale.
  package let isScale: Bool
  /// The reason why its values cannot be read; nil where nothing is known against it.
  package let obstacle: Obstacle?
  /// The first texts of a data set of texts. Empty unless details were wanted.
  package let texts: [String]

  /// Texts that are shown.
  private static let shown = 8

  init(_ dataset: hid_t, _ reader: Reader, isDetailed: Bool) {
    obstacle = reader.obstacle(dataset, isWhole: false)
    guard let type = Handle(H5Dget_type(dataset), H5Tclose) else {
      (kind, self.type, shape, isNull, axes, isScale, texts) = (.other, "damaged", [], false, [], false, [])
      return
    }
    kind = Kind(type.id)
    self.type = TypeName.text(type.id)
    shape = reader.extent(dataset)
    isNull = Self.isNull(dataset)
    isScale = isDetailed && H5DSis_scale(dataset) > 0
    axes =
      isDetailed && !isScale ? Reader.scales(of: dataset).map { $0?.split(separator: "/").last.map(String.init) } : []
    texts =
      isDetailed && kind == .text && obstacle == nil && !shape.isEmpty
      ? Reader.texts(of: dataset, first: Self.shown) ?? [] : []
  }

  private static func isNull(_ dataset: hid_t) -> Bool {
    guard let space = Handle(H5Dget_space(dataset), H5Sclose) else { return false }
    return H5Sget_simple_extent_type(space.id) == H5S_NULL
  }
}
