import Images
import Testing

/// How many pixels of an image are not white.
private func ink(_ image: ByteImage) -> Int {
  (0..<image.height * image.width).filter { i in (0..<3).contains { image.pixels[3 * i + $0] < 250 } }.count
}

/// How many pixels have one colour.
private func count(_ colour: [UInt8], in image: ByteImage) -> Int {
  (0..<image.height * image.width).filter { Array(image.pixels[3 * $0..<3 * $0 + 3]) == colour }.count
}

@Suite struct PlotTests {
  /// One letter alone on a sheet.
  private func letter(_ text: String) -> ByteImage {
    ContactSheet([ByteImage(height: 8, width: 8, colour: [255, 255, 255])], columns: 1, title: text).image
  }

  @Test("letters and digits of captions differ from each other, by more than a dot from their likes")
  func letters() {
    let all = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;-=+/()[]%")
    let sheets = all.map { letter(String($0)) }
    for i in all.indices {
      for j in 0..<i {
        let differing = zip(sheets[i].pixels, sheets[j].pixels).filter { $0 != $1 }.count / 3
        // One dot of a caption is 2x2 pixels.
        #expect(differing >= 8, "\(all[i]) and \(all[j])")
      }
    }
  }

  @Test("g, q, p, y and j reach below the line that 9 stands on")
  func tails() {
    func lowest(_ text: String) -> Int {
      let sheet = letter(text)
      return (0..<30).last { y in (0..<sheet.width).contains { sheet.pixels[(y * sheet.width + $0) * 3] < 128 } } ?? 0
    }
    for tailed in ["g", "q", "p", "y", "j"] { #expect(lowest(tailed) == lowest("9") + 4, "\(tailed)") }
    for plain in ["a", "o", "d", "b", "Q"] { #expect(lowest(plain) == lowest("9"), "\(plain)") }
  }

  @Test("a curve on logarithmic axes is straight where it follows a power, and says so in SVG, too")
  func power() {
    let points = [1.0, 2, 4, 8].map { (x: $0, y: 100 / ($0 * $0)) }
    let plot = Plot("a < b & c", x: "x", y: "y", [Plot.Series("s", points)], xScale: .log, yScale: .log)
    let text = plot.svg()
    #expect(text.contains("a &lt; b &amp; c") && text.hasSuffix("</svg>\n"))
    let line = text.split(separator: "\"").first { $0.contains(",") && $0.contains(" ") && !$0.contains("(") } ?? ""
    let xy = line.split(separator: " ").map { $0.split(separator: ",").compactMap { Double($0) } }
    #expect(xy.count == 4)
    guard xy.count == 4 else { return }
    for k in 1..<3 {
      #expect(abs(xy[k + 1][0] - xy[k][0] - (xy[k][0] - xy[k - 1][0])) < 1e-6)
      #expect(abs(xy[k + 1][1] - xy[k][1] - (xy[k][1] - xy[k - 1][1])) < 1e-6)
    }
    #expect(ink(plot.image()) > ink(Plot("a < b & c", x: "x", y: "y", []).image()))
  }

  @Test("bars are as long as their numbers, downwards too, and what is no number has none")
  func bars() {
    let bars = BarPlot("t", y: "y", [.init("a", 2), .init("b", -1), .init("c", .nan), .init("d", 1, deviation: 0.5)])
    let image = bars.image()
    let first = count([0, 114, 178], in: image), second = count([213, 94, 0], in: image)
    #expect(abs(Double(first) / Double(max(1, second)) - 2) < 0.05)
    #expect(count([0, 158, 115], in: image) == 0)
    #expect(bars.svg().components(of: "<rect") == 1 + 3)
    #expect(BarPlot("t", y: "y", []).image().height == 460)
  }
}

extension String {
  fileprivate func components(of part: String) -> Int {
    split(separator: part, omittingEmptySubsequences: false).count - 1
  }
}
