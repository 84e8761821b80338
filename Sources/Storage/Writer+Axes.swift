import CHDF5

/// One axis of a data set: a name, and what its positions mean where that is more than their number.
public struct Axis: Sendable {
  public enum Values: Sendable { case positions, numbers([Double]), texts([String]) }
  public var name: String
  public var values: Values
  public init(_ name: String, _ values: Values = .positions) {
    self.name = name
    self.values = values
  }
}

/// Axes as dimension scales.
extension Writer {
  /// Scales lie at the root, where xarray finds them from every group, one per name; the same name must always mean
  /// the same length.
  func attach(_ axes: [Axis], _ shape: [Int], _ name: String) throws(StorageError) {
    precondition(axes.count == shape.count, "'\(name)' of shape \(shape) has \(axes.count) axes")
    for (index, axis) in axes.enumerated() {
      let scale = "/\(axis.name)"
      if scales.insert(scale).inserted {
        try inGroup(of: scale)
        switch axis.values {
        case .positions: try store((0..<shape[index]).map(Double.init), scale, overtone_type_float64(), [shape[index]])
        case .numbers(let numbers): try store(numbers, scale, overtone_type_float64(), [shape[index]])
        case .texts(let texts): try store(texts, scale)
        }
      }
      let isDone = HDF5.locked { () -> Bool in
        guard let dataset = Handle(H5Dopen2(file.id, name, HDF5.standard), H5Dclose),
          let scale = Handle(H5Dopen2(file.id, scale, HDF5.standard), H5Dclose)
        else { return false }
        if H5DSis_scale(scale.id) <= 0, H5DSset_scale(scale.id, axis.name) < 0 { return false }
        return H5DSattach_scale(dataset.id, scale.id, UInt32(index)) >= 0
      }
      guard isDone else { throw full }
    }
  }
}
