import Images
import Testing

/// The number of pixels of an image that are not white.
private func ink(_ image: ByteImage) -> Int {
  (0..<image.height * image.width).filter { i in (0..<3).contains { image.pixels[3 * i + $0] < 250 } }.count
}

/// The number of pixels of one colour.
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

  /// The texts of an SVG drawing with their x and y coordinates.
  private func texts(_ svg: String) -> [(text: String, x: Double, y: Double)] {
    svg.split(separator: "\n").filter { $0.hasPrefix("<text") }.compactMap { line in
      let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
      guard let x = Double(parts[1]), let y = Double(parts[3]), let start = line.firstIndex(of: ">") else { return nil }
      return (String(line[line.index(after: start)...].prefix { $0 != "<" }), x, y)
    }
  }

  /// The texts of ticks on the horizontal axis of a plot of values of x.
  private func ticks(_ values: [Double], _ scale: Plot.Scale = .linear) -> [String] {
    let plot = Plot("t", x: "x", y: "y", [Plot.Series("", values.map { ($0, 1) })], xScale: scale)
    return texts(plot.svg()).filter { $0.y == 360 - 56 + 18 }.map(\.text)
  }

  @Test("ticks are about five round numbers, integers between integers, and decades on a logarithmic axis")
  func ticks() {
    #expect(ticks([0, 10]) == ["0", "2", "4", "6", "8", "10"])
    #expect(ticks([0, 2]) == ["0", "1", "2"])
    #expect(ticks([0, 0.5, 1]) == ["0", "0.2", "0.4", "0.6", "0.8", "1"])
    #expect(ticks([-0.25, 0.15]) == ["-0.2", "-0.1", "0", "0.1"])
    #expect(ticks([1, 10_000], .log) == ["1", "10", "100", "1000", "10000"])
    #expect(ticks([1, 100], .log) == ["1", "2", "5", "10", "20", "50", "100"])
    #expect(ticks([3]).contains("3"))
  }

  @Test(
    "numbers of any size are drawn or left out, equal ones, too",
    arguments: [
      [1e20, 1e20], [1e300, -1e300], [1.7e308, -1.7e308], [1e-308, 1e-308], [.leastNonzeroMagnitude, 0],
      [1e15, 1e15 + 1],
      [-1e300, -1e300], [0, 0],
    ] as [[Double]])
  func anySize(_ values: [Double]) {
    for scale in [Plot.Scale.linear, .log] {
      let points = values.enumerated().map { (Double($0.offset), $0.element) }
      for series in [points, points.map { ($1, $0) }] {
        let plot = Plot("t", x: "x", y: "y", [Plot.Series("s", series)], xScale: scale, yScale: scale)
        #expect(plot.image(width: 120, height: 110).height == 110 && !plot.svg().contains("nan"))
      }
    }
    let bars = BarPlot("t", y: "y", values.map { BarPlot.Bar("b", $0, deviation: $0) })
    #expect(bars.image(width: 120, height: 110).height == 110 && !bars.svg().contains("nan"))
  }

  @Test("numbers that are not finite, or not positive on a logarithmic axis, are left out")
  func drawable() {
    let points = [(x: 1.0, y: 1.0), (x: 2, y: .nan), (x: .infinity, y: 1), (x: 3, y: -1), (x: 4, y: 2)]
    func circles(_ scale: Plot.Scale) -> Int {
      Plot("t", x: "x", y: "y", [Plot.Series("s", points, isJoined: false)], yScale: scale).svg().components(
        of: "<circle")
    }
    #expect(circles(.linear) == 3 && circles(.log) == 2)
  }

  @Test("joined series are lines, with marks while points are few, and others are points alone")
  func joined() {
    let many = (0..<40).map { (x: Double($0), y: Double($0 * $0)) }
    func svg(_ points: [(x: Double, y: Double)], _ isJoined: Bool) -> String {
      Plot("t", x: "x", y: "y", [Plot.Series("s", points, isJoined: isJoined)]).svg()
    }
    #expect(svg(many, true).components(of: "<polyline") == 1 && svg(many, true).components(of: "<circle") == 0)
    #expect(svg(Array(many.prefix(5)), true).components(of: "<circle") == 5)
    #expect(svg(many, false).components(of: "<polyline") == 0 && svg(many, false).components(of: "<circle") == 40)
  }

  @Test("the legend names every named series, in a corner away from the curve")
  func legend() {
    let falling = Plot.Series("falling", (0..<50).map { (x: Double($0), y: -Double($0)) })
    let unnamed = Plot.Series("", [(x: 0, y: -1)])
    let labels = texts(Plot("t", x: "x", y: "y", [falling, unnamed]).svg())
    let label = labels.first { $0.text == "falling" }
    // The curve goes from the upper left to the lower right; the upper right corner is free.
    #expect((label?.x ?? 0) > 280 && (label?.y ?? 400) < 180)
    let rising = Plot.Series("rising", (0..<50).map { (x: Double($0), y: Double($0)) })
    let other = texts(Plot("t", x: "x", y: "y", [rising]).svg()).first { $0.text == "rising" }
    #expect((other?.x ?? 400) < 280 && (other?.y ?? 400) < 180)
  }

  @Test("a plot drawn as pixels has its size, its axes and the colours of its series")
  func pixels() {
    let series = (0..<9).map { k in Plot.Series("s\(k)", (0..<30).map { (x: Double($0), y: Double($0 + 40 * k)) }) }
    let image = Plot("title", x: "x", y: "y", series).image(width: 500, height: 300)
    #expect(image.width == 500 && image.height == 300)
    for colour in [[0, 114, 178], [213, 94, 0], [139, 90, 43]] as [[UInt8]] { #expect(count(colour, in: image) > 50) }
    #expect(count([90, 90, 90], in: image) > 500)
  }

  @Test("a contact sheet holds every image where its row and column are, and its captions")
  func sheet() {
    let colours: [SIMD3<UInt8>] = [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    let images = colours.map { ByteImage(height: 4, width: 6, colour: $0) }
    let sheet = ContactSheet(
      images, columns: 2, rowLabels: ["a", "b"], columnLabels: ["left", "right"], title: "<sheet>", scale: 3)
    for colour in colours { #expect(count([colour.x, colour.y, colour.z], in: sheet.image) == 4 * 6 * 9) }
    let svg = sheet.svg
    #expect(svg.components(of: "<image ") == 3 && svg.components(of: "width=\"18\" height=\"12\"") == 3)
    #expect(texts(svg).map(\.text) == ["&lt;sheet&gt;", "left", "right", "a", "b"])
    let plain = ContactSheet(images, columns: 1)
    // Enlarged to about 96 pixels: 16 times.
    #expect(count([255, 0, 0], in: plain.image) == 4 * 6 * 256)
    #expect(plain.image.height > plain.image.width)
  }

  @Test("a sheet without images is one white pixel, and SVG without any")
  func emptySheet() {
    #expect(ContactSheet([], columns: 3).image == ByteImage(height: 1, width: 1, colour: [255, 255, 255]))
    #expect(ContactSheet([], columns: 3).svg.hasSuffix("</svg>\n"))
  }

  @Test("base 64 is that of RFC 4648, with its padding")
  func base64() {
    let examples = [
      "": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "fooba": "Zm9vYmE=", "foobar": "Zm9vYmFy",
    ]
    for (text, expected) in examples { #expect(Array(text.utf8).base64 == expected) }
    #expect(([255, 254, 253] as [UInt8]).base64 == "//79")
  }

  @Test("the reserved characters of XML are escaped")
  func escaped() {
    #expect("a < b && c > \"d\" 'e'".escaped == "a &lt; b &amp;&amp; c &gt; &quot;d&quot; 'e'")
  }

  @Test("error bars reach one standard deviation to both sides")
  func errorBars() {
    let svg = BarPlot("t", y: "y", [.init("a", 4, deviation: 1), .init("b", 2)]).svg(width: 560, height: 360)
    // The axis spans 0...5 over 360 - 46 - 40 pixels.
    func y(_ value: Double) -> Double { 46 + (1 - value / 5) * 274 }
    let whisker = svg.split(separator: "\n").filter { $0.contains("#282828\"/>") }
    #expect(whisker.count == 3 && whisker[0].contains("y1=\"\(y(3))\"") && whisker[0].contains("y2=\"\(y(5))\""))
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
