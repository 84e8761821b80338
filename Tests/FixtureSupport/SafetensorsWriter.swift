import Foundation
import Tensors

/// The file that the safetensors library would write of these tensors, for tests that read such files.
public func safetensors(_ weights: [String: Tensor]) -> Data {
  var entries: [String] = [], numbers = Data()
  for (name, tensor) in weights.sorted(by: { $0.key < $1.key }) {
    let start = numbers.count
    tensor.withUnsafeScalars { numbers.append(Data(buffer: $0)) }
    entries.append(
      "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(tensor.shape),\"data_offsets\":[\(start),\(numbers.count)]}")
  }
  let header = Data(("{" + entries.joined(separator: ",") + "}").utf8)
  var size = UInt64(header.count).littleEndian
  return Data(bytes: &size, count: 8) + header + numbers
}
