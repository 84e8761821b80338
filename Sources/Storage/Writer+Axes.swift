import CHDF5

/// One axis of a data set: a name, and what its positions mean where that is more than their number.
public struct Axis: Sendable {
  /// The values of the dimension scale.
  public enum Values: Sendable {
    /// 0, 1, 2 and so on: float64.
    case positions
    /// One number per position: float64.
    case numbers([Double])
    /// One text per position.
    case texts([String])
  }
  /// Name of the scale, at the root of the file.
  public var name: String
  /// Values along the axis.
  public var values: Values
  /// Creates an axis whose positions are numbered unless `values` says otherwise.
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
        case .positions:
          try store(
            (0..<shape[index]).map(Double.init), scale, type: overtone_type_float64(), shape: [shape[index]])
        case .numbers(let numbers):
          try store(numbers, scale, type: overtone_type_float64(), shape: [shape[index]])
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
