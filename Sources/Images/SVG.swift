/// The few elements of SVG that plots are made of.
enum SVG {
  static func head(_ width: Int, _ height: Int) -> String {
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" font-family=\"sans-serif\" fill=\"#282828\">\n"
      + "<rect width=\"\(width)\" height=\"\(height)\" fill=\"white\"/>"
  }

  static func text(_ text: String, _ x: Double, _ y: Double, _ anchor: String, _ size: Int) -> String {
    "<text x=\"\(x)\" y=\"\(y)\" text-anchor=\"\(anchor)\" font-size=\"\(size)\">\(text.escaped)</text>"
  }

  static func line(_ x0: Double, _ y0: Double, _ x1: Double, _ y1: Double, _ colour: String) -> String {
    "<line x1=\"\(x0)\" y1=\"\(y0)\" x2=\"\(x1)\" y2=\"\(y1)\" stroke=\"\(colour)\"/>"
  }

  static func colour(_ colour: SIMD3<UInt8>) -> String { "rgb(\(colour.x),\(colour.y),\(colour.z))" }
}

extension String {
  /// As it stands in XML and HTML, between tags and in quotes.
  public var escaped: String {
    var safe = ""
    for c in self {
      safe += c == "<" ? "&lt;" : c == "&" ? "&amp;" : c == ">" ? "&gt;" : c == "\"" ? "&quot;" : String(c)
    }
    return safe
  }
}

extension [UInt8] {
  /// In base 64, as `data:` addresses have it.
  public var base64: String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((count + 2) / 3 * 4)
    for start in stride(from: 0, to: count, by: 3) {
      let known = Swift.min(3, count - start)
      let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < known ? Int(self[start + $1]) : 0) }
      for digit in 0..<4 { text.append(digit <= known ? digits[bits >> (18 - 6 * digit) & 63] : UInt8(ascii: "=")) }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
