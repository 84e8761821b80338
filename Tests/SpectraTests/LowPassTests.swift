import FixtureSupport
import Glibc
import Spectra
import Tensors
import Testing

@Suite("Low-pass filters")
struct LowPassTests {
  static let grids = [[6, 6], [8, 8], [4, 7], [9, 5]]
  /// Projections: a level of a level is the lower of the two.
  static let projections: [LowPass] = [.ideal, .square, .dct]

  private func image(_ grid: [Int], seed: UInt64 = 1) -> Tensor {
    var random = Random(seed: seed, samples: [0, 1])
    return random.normal([2] + grid + [3], "image")
  }

  @Test("level 0 shows nothing and the last level everything", arguments: LowPass.allCases)
  func ends(_ filter: LowPass) {
    for grid in Self.grids {
      let image = image(grid), top = grid.max() ?? 0
      #expect(filter(image, level: 0, of: top).extent == 0...0)
      #expect(filter(image, level: top, of: top).distance(to: image) == 0)
    }
  }

  @Test("the mean is kept from level 1 on", arguments: LowPass.allCases)
  func mean(_ filter: LowPass) {
    for grid in Self.grids {
      let flat = Tensor(repeating: 0.75, shape: [1] + grid + [1]), top = grid.max() ?? 0
      for level in 1...top {
        #expect(filter(flat, level: level, of: top).distance(to: flat) < 1e-5, "\(grid), level \(level)")
      }
    }
  }

  /// Area reduction aliases: its levels may hold more than the next.
  static let gains: [LowPass] = [.ideal, .square, .gaussian, .butterworth, .dct]

  @Test("no level shows more than the next", arguments: gains)
  func energyGrows(_ filter: LowPass) {
    let image = image([8, 8])
    func energy(_ level: Int) -> Float { filter(image, level: level, of: 8).squared.sum.scalar }
    for level in 0..<8 { #expect(energy(level) <= energy(level + 1) * 1.000_01, "level \(level)") }
  }

  @Test("a projection done twice is done once", arguments: projections)
  func idempotent(_ filter: LowPass) {
    for grid in Self.grids {
      let image = image(grid), top = grid.max() ?? 0
      for level in 0...top {
        let once = filter(image, level: level, of: top)
        #expect(filter(once, level: level, of: top).distance(to: once) < 5e-6, "\(grid), level \(level)")
      }
    }
  }

  @Test("levels of projections nest: the lower of two levels is what both show", arguments: projections)
  func nests(_ filter: LowPass) {
    for grid in Self.grids {
      let image = image(grid), top = grid.max() ?? 0
      for low in 0...top {
        for high in low...top {
          let lower = filter(image, level: low, of: top), higher = filter(image, level: high, of: top)
          #expect(filter(higher, level: low, of: top).distance(to: lower) < 5e-6)
          #expect(filter(lower, level: high, of: top).distance(to: lower) < 5e-6)
        }
      }
    }
  }

  @Test("the released filter is no projection")
  func releasedIsNone() {
    let image = image([8, 8]), once = LowPass.areaBicubic(image, level: 4, of: 8)
    #expect(LowPass.areaBicubic(once, level: 4, of: 8).distance(to: once) > 0.05)
  }

  @Test("bands of any filter add up to the image", arguments: LowPass.allCases)
  func bandsTelescope(_ filter: LowPass) {
    let image = image([8, 8])
    let levels = (0...8).map { filter(image, level: $0, of: 8) }
    let sum = (1...8).reduce(Tensor(zeros: image.shape)) { $0 + (levels[$1] - levels[$1 - 1]) }
    #expect(sum.distance(to: image) < 5e-6)
  }

  @Test("a wave passes the ideal filter from twice its frequency on")
  func edge() {
    let wave = Tensor([1, 1, 8, 1], (0..<8).map { [1, 0, -1, 0][$0 % 4] })  // two periods in 8 cells
    let image = Tensor.concatenated(Array(repeating: wave, count: 8), axis: 1)
    for filter in [LowPass.ideal, .square] {
      #expect(filter(image, level: 3, of: 8).distance(to: Tensor(zeros: image.shape)) < 1e-6)
      #expect(filter(image, level: 4, of: 8).distance(to: image) < 1e-6)
    }
    #expect(LowPass.gaussian(image, level: 4, of: 8).distance(to: image * 0.5) < 1e-6)
    for order in [1, 4, 9] {
      #expect(LowPass.butterworth(image, level: 4, of: 8, order: order).distance(to: image * 0.5.squareRoot()) < 1e-6)
    }
    // Gain 1 / sqrt(1 + (4/2)^(2 order)) at twice the edge.
    #expect(LowPass.butterworth(image, level: 2, of: 8, order: 1).distance(to: image * (1 / 5.0.squareRoot())) < 1e-6)
    #expect(LowPass.butterworth(image, level: 2, of: 8, order: 2).distance(to: image * (1 / 17.0.squareRoot())) < 1e-6)
  }

  @Test("a disc keeps the waves within half the level, a square those with either number within it")
  func shapes() {
    let side = 10
    for row in 0...5 {
      for column in 0...5 {
        let wave = Tensor(
          [1, side, side, 1],
          (0..<side * side).map { pixel in
            Float(cos(2 * .pi * Double(row * (pixel / side) + column * (pixel % side)) / Double(side)))
          })
        let nothing = Tensor(zeros: wave.shape), far = Double(row * row + column * column).squareRoot()
        for level in 1..<side {
          let disc = LowPass.ideal(wave, level: level, of: side), square = LowPass.square(wave, level: level, of: side)
          #expect(disc.distance(to: 2 * far <= Double(level) ? wave : nothing) < 1e-6, "\(row), \(column) at \(level)")
          #expect(square.distance(to: 2 * max(row, column) <= level ? wave : nothing) < 1e-6)
        }
      }
    }
  }

  @Test("the average filter shows the means of blocks")
  func average() {
    let image = Tensor([1, 2, 2, 1], [1, 3, 5, 9])
    #expect(LowPass.average(image, level: 1, of: 2).scalars == [4.5, 4.5, 4.5, 4.5])
  }

  @Test("no gradient passes a filter", arguments: LowPass.allCases)
  func detached(_ filter: LowPass) {
    #expect(!filter(image([4, 4]).tracked, level: 2, of: 4).isTracked)
  }
}

private func * (image: Tensor, factor: Double) -> Tensor { image * Float(factor) }

@Suite("The released filter")
struct ReleasedFilterTests {
  @Test("every level equals the released code's")
  func levels() throws {
    let file = try Fixture("resample")
    for size in try file.sizes("sizes") {
      let image = try file.images("inputs/H\(size)/x")
      let levels = file.names("outputs/H\(size)").compactMap { Int($0.dropFirst()) }
      #expect(levels.contains(size) && levels.count == size)
      for level in levels {
        let name = "outputs/H\(size)/k\(level)/lowpass", wanted = try file.images(name)
        let largest = wanted.scalars.map(abs).max() ?? 0
        let distance = LowPass.areaBicubic(image, level: level, of: size).distance(to: wanted)
        #expect(distance <= 2e-5 * largest, "\(name): \(distance)")
      }
    }
  }

  @Test("the matrices of area and bicubic equal the reference's in double precision")
  func operators() throws {
    let file = try Fixture("resample")
    for size in try file.sizes("sizes") {
      for cells in 1...size {
        let area = try file.doubles("operators/H\(size)/area\(cells)")
        let bicubic = try file.doubles("operators/H\(size)/bicubic\(cells)")
        #expect(farthest(Resampling.area.matrix(from: size, to: cells), area) <= 1e-9)
        #expect(farthest(Resampling.bicubic.matrix(from: cells, to: size), bicubic) <= 1e-9)
      }
    }
  }

  private func farthest(_ matrix: [[Double]], _ wanted: [Double]) -> Double {
    let found = matrix.flatMap { $0 }
    guard found.count == wanted.count else { return .infinity }
    return zip(found, wanted).map { abs($0 - $1) }.max() ?? 0
  }
}
