/// The few elements of SVG that plots are made of.
enum SVG {
  static func head(_ width: Int, _ height: Int) -> String {
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" font-family=\"sans-serif\" fill=\"#282828\">\n"
      + "<rect width=\"\(width)\" height=\"\(height)\" fill=\"white\"/>"
  }

  static func text(_ text: String, _ x: Double, _ y: Double, _ anchor: String, _ size: Int) -> String {
    var safe = ""
    for c in text { safe += c == "<" ? "&lt;" : c == "&" ? "&amp;" : c == ">" ? "&gt;" : String(c) }
    return "<text x=\"\(x)\" y=\"\(y)\" text-anchor=\"\(anchor)\" font-size=\"\(size)\">\(safe)</text>"
  }

  static func line(_ x0: Double, _ y0: Double, _ x1: Double, _ y1: Double, _ colour: String) -> String {
    "<line x1=\"\(x0)\" y1=\"\(y0)\" x2=\"\(x1)\" y2=\"\(y1)\" stroke=\"\(colour)\"/>"
  }

  static func colour(_ colour: SIMD3<UInt8>) -> String { "rgb(\(colour.x),\(colour.y),\(colour.z))" }
}
