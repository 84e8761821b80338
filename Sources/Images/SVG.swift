/// The elements of SVG that plots consist of.
enum SVG {
  /// The opening tag of a drawing of a size in pixels, and its white background.
  static func head(_ width: Int, _ height: Int) -> String {
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" "
      + "font-family=\"sans-serif\" fill=\"#282828\">\n"
      + "<rect width=\"\(width)\" height=\"\(height)\" fill=\"white\"/>"
  }

  /// A line of text at a point; `anchor` is "start", "middle" or "end", `size` in pixels.
  static func text(_ text: String, x: Double, y: Double, anchor: String, size: Int) -> String {
    "<text x=\"\(x)\" y=\"\(y)\" text-anchor=\"\(anchor)\" font-size=\"\(size)\">\(text.escaped)</text>"
  }

  /// A line between two points, one pixel wide.
  static func line(from start: (x: Double, y: Double), to end: (x: Double, y: Double), colour: String) -> String {
    "<line x1=\"\(start.x)\" y1=\"\(start.y)\" x2=\"\(end.x)\" y2=\"\(end.y)\" stroke=\"\(colour)\"/>"
  }

  /// A colour as SVG and CSS write it.
  static func colour(_ colour: SIMD3<UInt8>) -> String { "rgb(\(colour.x),\(colour.y),\(colour.z))" }
}

extension String {
  /// The string with the characters that XML and HTML reserve replaced by entities.
  public var escaped: String {
    var safe = ""
    for c in self {
      safe += c == "<" ? "&lt;" : c == "&" ? "&amp;" : c == ">" ? "&gt;" : c == "\"" ? "&quot;" : String(c)
    }
    return safe
  }
}

extension [UInt8] {
  /// The bytes in base 64 with padding (RFC 4648), as `data:` URLs hold them.
  public var base64: String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((count + 2) / 3 * 4)
    for start in stride(from: 0, to: count, by: 3) {
      let available = Swift.min(3, count - start)
      let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < available ? Int(self[start + $1]) : 0) }
      for digit in 0..<4 { text.append(digit <= available ? digits[bits >> (18 - 6 * digit) & 63] : UInt8(ascii: "=")) }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
