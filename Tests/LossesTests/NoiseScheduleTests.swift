import FixtureSupport
import Losses
import Tensors
import Testing

@Suite struct NoiseScheduleTests {
  @Test("every constant of every schedule is the reference's, in double precision")
  func reference() throws {
    let file = try Fixture("schedule"), total = try file.sizes("diffusion_steps")[0]
    for kind in NoiseSchedule.Kind.allCases {
      for spacing in file.names(kind.rawValue) {
        let full = NoiseSchedule(kind, steps: total)
        let visited =
          spacing == "full" ? Array(0..<total) : Int(spacing).flatMap { NoiseSchedule.steps([$0], of: total) }
        let ours = spacing == "full" ? full : full.respaced(to: try #require(visited))
        let group = "\(kind.rawValue)/\(spacing)"
        #expect(ours.timesteps == (try file.ints("\(group)/timestep_map")))
        for (name, values) in [
          ("betas", ours.betas), ("alphas_cumprod", ours.alphasCumprod),
          ("alphas_cumprod_prev", ours.alphasCumprodPrev),
          ("sqrt_alphas_cumprod", ours.sqrtAlphasCumprod),
          ("sqrt_one_minus_alphas_cumprod", ours.sqrtOneMinusAlphasCumprod),
          ("log_one_minus_alphas_cumprod", ours.logOneMinusAlphasCumprod),
          ("sqrt_recip_alphas_cumprod", ours.sqrtRecipAlphasCumprod),
          ("sqrt_recipm1_alphas_cumprod", ours.sqrtRecipm1AlphasCumprod),
          ("posterior_variance", ours.posteriorVariance),
          ("posterior_log_variance_clipped", ours.posteriorLogVarianceClipped),
          ("posterior_mean_coef1", ours.posteriorMeanCoef1),
          ("posterior_mean_coef2", ours.posteriorMeanCoef2),
        ] {
          #expect(try file.disagreement(values, "\(group)/\(name)") == nil)
        }
      }
    }
  }
}
