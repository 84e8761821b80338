import Autoregression
import FixtureSupport
import Metrics
import Settings
import Tensors
import Testing

@Suite struct MetricsReferenceTests {
  @Test(
    "the Fréchet distance is the reference's, also where covariances have no full rank",
    arguments: ["fid", "fid_rank_deficient"])
  func frechet(_ name: String) throws {
    let file = try Fixture("metrics")
    func gaussian(_ set: String) throws -> Gaussian {
      let width = try file.shape("inputs/\(name)/\(set)")[1], values = try file.doubles("inputs/\(name)/\(set)")
      var gaussian = Gaussian()
      gaussian.add(stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + width]) })
      return gaussian
    }
    let (a, b) = (try gaussian("a"), try gaussian("b"))
    #expect(try file.disagreement(a.mean, "outputs/\(name)/mu_a") == nil)
    #expect(try file.disagreement(a.covariance.flatMap { $0 }, "outputs/\(name)/cov_a") == nil)
    // Roots of eigenvalues near zero lose half the digits: 1e-6 instead of 1e-9 where rank is missing.
    let ours = Gaussian.distance(a, b), theirs = try file.doubles("outputs/\(name)/fid")[0]
    #expect(abs(ours - theirs) <= (name == "fid" ? 1e-9 : 1e-6) * theirs)
  }

  @Test("PSNR and SSIM are the reference's", arguments: ["psnr", "ssim"])
  func reconstructions(_ name: String) throws {
    let file = try Fixture("metrics"), expected = try file.doubles("outputs/\(name)")
    let x = try file.images("inputs/image/x") * 2 - 1, y = try file.images("inputs/image/y") * 2 - 1
    for (index, value) in expected.enumerated() {
      var one = try metric(name)
      one.observe(y.sliced(index..<index + 1, axis: 0), beside: x.sliced(index..<index + 1, axis: 0))
      #expect(abs(try #require(one.values().first).value - value) < 2e-5 * abs(value))
    }
  }

  @Test("equal sets of images are at distance zero, others are not; one image has no distance")
  func features() throws {
    var random = Random(seed: 1, samples: Array(0..<8)), same = try metric("frechet"), other = same, single = same
    let a = random.normal([8, 32, 32, 3], "a") * 0.3, b = a * 0.5 + 0.2
    same.observe(a, beside: a)
    other.observe(b, beside: a)
    single.observe(a.sliced(0..<1, axis: 0), beside: a.sliced(0..<1, axis: 0))
    #expect(abs(same.values()[0].value) < 1e-6 && other.values()[0].value > 1e-3 && single.values().isEmpty)
    #expect(same.values()[0].name == "FD[randconv64-v1]")
  }
}
