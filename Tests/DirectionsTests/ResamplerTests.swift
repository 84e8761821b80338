import Autoregression
import AutoregressionTesting
import Glibc
import Settings
import Spectra
import Tensors
import Testing

@Suite("Resampling by the spectrum")
struct ResamplerTests {
  private func image(_ height: Int, _ width: Int) -> Tensor {
    var random = Random(seed: 3, samples: [0, 1])
    return random.normal([2, height, width, 3], "image")
  }

  @Test("a map enlarged and reduced again is itself, whatever its size")
  func down() {
    for (height, width) in [(1, 1), (1, 2), (2, 3), (4, 4), (5, 8), (7, 6)] {
      let map = image(height, width)
      let back = map.resampledBySpectrum(height: 8, width: 9).resampledBySpectrum(height: height, width: width)
      #expect(back.distance(to: map) < 1e-5, "\(height) x \(width)")
    }
  }

  @Test("an image without the frequencies that a smaller one cannot hold is reduced and enlarged without loss")
  func up() {
    for side in [1, 3, 5, 7] {
      let whole = image(8, 8), limited = LowPass.square(whole, level: side, of: 8)
      let small = limited.resampledBySpectrum(height: side, width: side)
      #expect(small.resampledBySpectrum(height: 8, width: 8).distance(to: limited) < 1e-5, "\(side)")
      // Of any image what is left is its low frequencies.
      let left = whole.resampledBySpectrum(height: side, width: side).resampledBySpectrum(height: 8, width: 8)
      #expect(left.distance(to: limited) < 1e-5, "\(side)")
    }
  }

  @Test("a constant stays, a wave keeps its phase at the centres of cells, and gradients are those of differences")
  func waves() {
    let constant = Tensor(repeating: 0.7, shape: [1, 4, 4, 1])
    #expect(
      constant.resampledBySpectrum(height: 6, width: 5).distance(
        to: Tensor(repeating: 0.7, shape: [1, 6, 5, 1])) < 1e-6)
    func wave(_ cells: Int) -> Tensor {
      Tensor([1, 1, cells, 1], (0..<cells).map { Float(cos(2 * .pi * (Double($0) + 0.5) / Double(cells))) })
    }
    #expect(wave(16).resampledBySpectrum(height: 1, width: 4).distance(to: wave(4)) < 1e-6)
    #expect(wave(3).resampledBySpectrum(height: 1, width: 8).distance(to: wave(8)) < 1e-6)
    let small = image(3, 4)
    #expect(gradientsDisagree(of: [small]) { $0[0].resampledBySpectrum(height: 5, width: 4) } == nil)
    #expect(gradientsDisagree(of: [small]) { $0[0].resampledBySpectrum(height: 2, width: 3) } == nil)
  }

  @Test("multi-scale keeps the laws with it", arguments: ["residual", "independent"])
  func laws(_ kind: String) throws {
    for (grid, scales) in [
      (Grid(height: 4, width: 4), "[1, 2, 4]"), (Grid(height: 5, width: 3), "[1, 2, 3, 5]"),
      (Grid(height: 2, width: 6), "[2, 3, 6]"),
    ] {
      let direction = try direction(
        "{ use: multi-scale, resampler: dft, kind: \(kind), scales: \(scales) }", over: grid)
      #expect(lawsBroken(by: direction) == [], "\(grid)")
    }
  }

  @Test("the residuals of odd scales are the bands between their frequencies")
  func bands() throws {
    let direction = try direction(
      "{ use: multi-scale, resampler: dft, scales: [1, 3, 5, 8] }", over: Grid(height: 8, width: 8))
    let latent = image(8, 8), canvas = direction.canvas(of: latent, by: Identity(width: 3))
    for (level, side) in [1, 3, 5].enumerated() {
      let sum = direction.latent(of: canvas, through: level, by: Identity(width: 3))
      #expect(sum.distance(to: LowPass.square(latent, level: side, of: 8)) < 1e-5, "\(side)")
    }
  }
}
