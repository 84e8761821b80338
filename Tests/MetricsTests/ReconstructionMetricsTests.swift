import Autoregression
import Metrics
import Settings
import Tensors
import Testing

/// A metric by its key, without settings.
func metric(_ key: String) throws -> any Metric {
  var settings = try Settings(parsing: "use: \(key)", file: "test")
  let metric = try Registry.linked().find("metric", &settings, as: (any Metric.Type).self).init(&settings)
  try settings.finish()
  return metric
}

/// Random images [count, height, width, 3] of moderate contrast.
func images(_ stream: String, count: Int, height: Int = 16, width: Int = 16) -> Tensor {
  var random = Random(seed: 4, samples: Array(0..<count))
  return random.normal([count, height, width, 3], stream) * 0.3
}

@Suite struct ReconstructionMetricsTests {
  @Test("every metric gives the numbers whose names it declares before anything is measured")
  func names() throws {
    let registry = Registry.linked()
    for key in registry.keys(of: "metric") {
      var one = try metric(key)
      let names = one.names
      one.timed(seconds: 2, images: 3)
      one.observe(images("generated", count: 3), beside: images("real", count: 3))
      #expect(!names.isEmpty && one.values().map(\.name) == names, "\(key)")
    }
  }

  @Test("PSNR is 10 log10(4 / mse) over [-1, 1], with a ceiling of 120 decibels for equal images")
  func decibels() throws {
    let real = images("real", count: 2)
    for (offset, expected) in [(0.02, 40), (0.2, 20), (2, 0), (0, 120)] as [(Float, Double)] {
      var psnr = try metric("psnr")
      psnr.observe(real + offset, beside: real)
      #expect(abs(psnr.values()[0].value - expected) < 1e-3, "an offset of \(offset)")
    }
  }

  @Test("the mean is over images, not over batches", arguments: ["psnr", "ssim"])
  func batches(_ key: String) throws {
    let real = images("real", count: 3), generated = real + images("noise", count: 3) * 0.5
    var whole = try metric(key), parts = whole
    whole.observe(generated, beside: real)
    for range in [0..<1, 1..<3] { parts.observe(generated.sliced(range, axis: 0), beside: real.sliced(range, axis: 0)) }
    #expect(abs(whole.values()[0].value - parts.values()[0].value) < 1e-9)
    var single = try metric(key), mean = 0.0
    for index in 0..<3 {
      single = try metric(key)
      single.observe(generated.sliced(index..<index + 1, axis: 0), beside: real.sliced(index..<index + 1, axis: 0))
      mean += single.values()[0].value / 3
    }
    #expect(abs(whole.values()[0].value - mean) < 1e-6 * mean)
  }

  @Test("SSIM is 1 for equal images, symmetric, and falls with noise")
  func similarity() throws {
    let real = images("real", count: 2), noise = images("noise", count: 2)
    func ssim(_ a: Tensor, _ b: Tensor) throws -> Double {
      var ssim = try metric("ssim")
      ssim.observe(a, beside: b)
      return ssim.values()[0].value
    }
    #expect(abs(try ssim(real, real) - 1) < 1e-4)
    let little = try ssim(real + noise * 0.1, real), much = try ssim(real + noise, real)
    #expect(little < 1 && much < little - 0.05)
    #expect(abs(try ssim(real, real + noise) - much) < 1e-6)
  }

  @Test("images smaller than the window of 11 pixels have no SSIM, but a PSNR", arguments: [(10, 16), (16, 10)])
  func small(_ height: Int, _ width: Int) throws {
    let real = images("real", count: 1, height: height, width: width)
    var ssim = try metric("ssim"), psnr = try metric("psnr")
    ssim.observe(real * 0.5, beside: real)
    psnr.observe(real * 0.5, beside: real)
    #expect(ssim.values().isEmpty && psnr.values().count == 1)
  }

  @Test("what a metric looks at and which direction is better are part of it")
  func subjects() throws {
    for (key, subject, lowerIsBetter) in [
      ("psnr", MetricSubject.reconstructions, false), ("ssim", .reconstructions, false), ("frechet", .samples, true),
    ] {
      var metric = try metric(key)
      #expect(metric.subject == subject && metric.values().isEmpty, "nothing was observed")
      metric.observe(images("a", count: 3), beside: images("b", count: 3))
      #expect(metric.values().count == 1 && metric.values()[0].lowerIsBetter == lowerIsBetter)
    }
  }
}
