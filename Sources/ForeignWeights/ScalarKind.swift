/// The type of the scalars of a stored tensor.
public enum ScalarKind: String, Sendable, CaseIterable {
  /// The types that PyTorch and safetensors share with this program.
  case float64, float32, float16, bfloat16, int64, int32, int16, int8, uint8, bool

  /// Bytes per scalar.
  var size: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .float16, .bfloat16, .int16: 2
    case .int8, .uint8, .bool: 1
    }
  }

  /// Converts scalars to Float32; integers beyond 2^24 and double precision are rounded to nearest.
  func floats(_ bytes: [UInt8]) -> [Float] {
    bytes.withUnsafeBytes { bytes in
      func read<Number>(_ type: Number.Type, _ convert: (Number) -> Float) -> [Float] {
        (0..<bytes.count / size).map { convert(bytes.loadUnaligned(fromByteOffset: $0 * size, as: Number.self)) }
      }
      return switch self {
      case .float64: read(Double.self) { Float($0) }
      case .float32: read(Float.self) { $0 }
      case .float16: read(UInt16.self) { Self.half($0) }
      case .bfloat16: read(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
      case .int64: read(Int64.self) { Float($0) }
      case .int32: read(Int32.self) { Float($0) }
      case .int16: read(Int16.self) { Float($0) }
      case .int8: read(Int8.self) { Float($0) }
      case .uint8: read(UInt8.self) { Float($0) }
      case .bool: read(UInt8.self) { $0 == 0 ? 0 : 1 }
      }
    }
  }

  /// Converts IEEE 754 binary16 to Float32, which is exact; a NaN loses its payload.
  static func half(_ bits: UInt16) -> Float {
    let sign: Float = bits & 0x8000 == 0 ? 1 : -1
    let exponent = Int(bits >> 10 & 0x1F), fraction = Float(bits & 0x3FF)
    return switch exponent {
    case 0: sign * fraction * 0x1p-24
    case 31: fraction == 0 ? sign * .infinity : .nan
    default: sign * (1 + fraction / 1024) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
    }
  }
}
