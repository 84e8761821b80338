import Autoregression
import Laboratory
import Settings
import Tensors
import Testing

private func rule(_ yaml: String) throws -> AugmentationRule {
  var settings = try Settings(parsing: yaml, file: "a.yaml")
  let rule = try AugmentationRule(&settings)
  try settings.finish()
  return rule
}

private func refusal(_ yaml: String) -> String? {
  do { _ = try rule(yaml) } catch { return "\(error)".split(separator: "\n").first.map(String.init) }
  return nil
}

private func draws(_ yaml: String, _ count: Int = 2000, step: Int = 0) throws -> [Augmentation] {
  var random = Random(seed: 7, step: step, samples: Array(0..<count))
  return try rule(yaml).draws(count, &random)
}

@Suite struct AugmentationTests {
  @Test("by default every image is cut at the centre, and 'flip' mirrors half of them by a stream of its own")
  func defaults() throws {
    #expect(try draws("{}").allSatisfy { $0 == .none })
    let flipped = try draws("flip: true"), five = try draws("{ flip: true, crop: five, resize: [1.1, 1.1] }")
    #expect(abs(flipped.filter(\.isFlipped).count - 1000) < 100)
    // The draws of one setting do not move those of another.
    #expect(flipped.map(\.isFlipped) == five.map(\.isFlipped))
  }

  @Test("random windows fill the slack, and scales the range of 'resize'")
  func random() throws {
    let windows = try draws("{ crop: random, resize: [1.0, 1.5] }")
    for values in [windows.map(\.x), windows.map(\.y), windows.map { ($0.scale - 1) * 2 }] {
      #expect(values.allSatisfy { (0...1).contains($0) })
      #expect(abs(values.reduce(0, +) / 2000 - 0.5) < 0.03)
      #expect((0..<10).allSatisfy { tenth in values.contains { Int($0 * 10) == tenth } })
    }
    #expect(Set(zip(windows.map(\.x), windows.map(\.y)).map { $0 == $1 }) == [false])
    #expect(try rule("crop: random").views == nil && rule("resize: [1.0, 1.5]").views == nil)
    #expect(try draws("resize: [1.125, 1.125]", 3) == Array(repeating: Augmentation(scale: 1.125), count: 3))
  }

  @Test("ten-crop draws each of ten views with the same probability; 'views' lists them")
  func ten() throws {
    let text = "{ flip: true, crop: five, resize: [1.1, 1.1] }", windows = try draws(text)
    let views = try #require(try rule(text).views)
    #expect(views.count == 10 && Set(views).count == 10 && Set(windows) == Set(views))
    for view in views { #expect(abs(windows.filter { $0 == view }.count - 200) < 60) }
    #expect(views.prefix(5).map(\.isFlipped) == Array(repeating: false, count: 5))
    #expect(try rule("{}").views == [.none] && rule("flip: true").views == [.none, .flipped])
  }

  @Test("a sample draws the same augmentation in any batch, and another at another step")
  func order() throws {
    let text = "{ crop: random, resize: [1, 1.5], flip: true }"
    var few = Random(seed: 7, samples: [3, 1])
    #expect(try rule(text).draws(2, &few) == [try draws(text)[3], try draws(text)[1]])
    #expect(try draws(text, 8, step: 1) != draws(text, 8))
  }

  @Test("ranges that are none, and five equal windows, are refused")
  func refusals() {
    let range = "'resize' must be two numbers [low, high] from 1 to 8, the lower one first."
    for text in ["resize: [1]", "resize: [0.5, 1]", "resize: [2, 1]", "resize: [1, 9]"] {
      #expect(refusal(text) == "a.yaml:1:1: \(range)")
    }
    #expect(
      refusal("crop: five")
        == "a.yaml:1:1: 'crop: five' needs a 'resize' above 1, such as [1.1, 1.1]: without it all five windows are the "
        + "same.")
  }
}
