import Autoregression
import Testing
import Tokenizers

@Suite struct FormerNamesTests {
  @Test(
    "a former key is refused with the present one",
    arguments: [
      ("continuous", "group: 2", "patch-size"), ("continuous", "groups: 4", "norm-groups"),
      ("continuous", "multipliers: [1, 2]", "channel-multipliers"),
      ("continuous", "attention: [1]", "attention-levels"),
      ("continuous", "decoder-attention: [1]", "decoder-attention-levels"), ("pixels", "patch: 4", "patch-size"),
      ("vq", "normalised: true", "l2-normalized"), ("vq", "revive-after: 4", "restart-after"),
      ("vq", "projection: 3", "projection-kernel"), ("multi-scale-vq", "projection: 3", "projection-kernel"),
      ("multi-scale-vq", "revive-after: 4", "restart-after"), ("vq", "groups: 4", "norm-groups"),
    ])
  func keys(_ use: String, _ setting: String, _ present: String) {
    let former = setting.split(separator: ":")[0]
    #expect(message("{ use: \(use), \(setting) }").hasSuffix(": '\(former)' is called '\(present)' now."))
  }

  @Test("a former key of the adversarial loss and a former choice are refused, too")
  func others() {
    #expect(
      message("{ use: vq, adversarial: { weight: 1, ramp: 4 } }").hasSuffix("'ramp' is called 'warmup-steps' now."))
    #expect(
      message("{ use: vq, update: average }").hasSuffix("'average' of 'update' is called 'ema' now."))
  }
}
