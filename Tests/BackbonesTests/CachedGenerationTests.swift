import Autoregression
import Networks
import Tensors
import Testing

@Suite struct CachedGenerationTests {
  private static let presets = [
    "none", "var-d16", "var-d20", "var-d24", "var-d30", "llamagen-b", "llamagen-l", "llamagen-xl", "llamagen-xxl",
    "llamagen-3b", "rar-b", "rar-l", "rar-xl", "rar-xxl", "maskgit",
  ]
  private let space = TokenSpace(width: 4, vocabulary: 8)

  /// The decoder of a preset, 32 wide and 2 deep.
  private func small(_ preset: String, _ layout: Layout, feedsCodes: Bool = true) throws -> TestBackbone {
    let embedding = feedsCodes ? "" : ", token-embedding: linear"
    return try TestBackbone(
      "{ use: decoder, preset: \(preset), width: 32, depth: 2, heads: 2, init-std: 0.2\(embedding) }", layout,
      space: space, hasVector: true, feedsCodes: feedsCodes)
  }

  @Test("token by token with a cache each preset gives what one full pass gives", arguments: presets)
  func tokenByToken(_ preset: String) throws {
    let layout = Layout.nextToken(grid), model = try small(preset, layout), input = tokens(6, space)
    let given = condition(width: 32, hasVector: true), cache = AttentionCache()
    let all = model(View(input, layout, Turn(shown: .range(1..<6))), given)
    #expect(all.shape == [2, 6, 32] && all.isFinite)
    for i in 0..<6 {
      let turn = Turn(shown: .range(1..<i + 1), predicted: .range(i..<i + 1), settled: i)
      let one = model(View(input, layout, turn, count: i + 1), given, cache: cache)
      #expect(one.distance(to: all.sliced(i..<i + 1, axis: 1)) < 1e-4, "position \(i)")
    }
  }

  @Test("scale by scale with a cache each preset gives what one full pass gives", arguments: presets)
  func scaleByScale(_ preset: String) throws {
    let layout = Layout.scales([1, 2, 3]), model = try small(preset, layout, feedsCodes: false)
    let input = tokens(14, space), given = condition(width: 32, hasVector: true), cache = AttentionCache()
    let all = model(View(input, layout, Turn(shown: .range(1..<14))), given)
    #expect(all.shape == [2, 14, 32] && all.isFinite)
    var start = 0
    for end in [1, 5, 14] {
      let turn = Turn(shown: .range(1..<end), predicted: .range(start..<end), settled: start)
      let scale = model(View(input, layout, turn, count: end), given, cache: cache)
      #expect(scale.distance(to: all.sliced(start..<end, axis: 1)) < 1e-4, "positions \(start) to \(end)")
      start = end
    }
  }
}
