import Autoregression
import Foundation
import Settings
import Testing

@Suite struct ScheduleTests {
  private func schedule(_ text: String) throws -> Schedule {
    var settings = try Settings(parsing: "x: \(text)", file: "test")
    let schedule = try Schedule(&settings, "x", default: .constant(1), about: "")
    try settings.finish()
    return schedule
  }

  /// The values of a schedule at every step.
  private func run(_ text: String, _ steps: Int, progress: (Int) -> Float = { _ in 0 }) throws -> [Float] {
    let schedule = try schedule(text)
    return (0..<steps).map { schedule(Moment(step: $0, steps: steps, progress: progress($0))) }
  }

  private func close(_ a: [Float], _ b: [Double]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs(Double($0) - $1) < 1e-5 }
  }

  @Test("guidance runs as the papers' code has it")
  func guidance() throws {
    let far = try run("{ from: 1, to: 3, over: step }", 10)
    #expect(close(far, [1, 1.2, 1.4, 1.6, 1.8, 2, 2.2, 2.4, 2.6, 2.8]))
    let cfg = 1.5, scales = 10, residual = try run("{ from: 1, to: \(1 + cfg), over: last-step }", scales)
    let growing: [Double] = (0..<scales).map { 1 + cfg * Double($0) / Double(scales - 1) }
    #expect(close(residual, growing))
    // The fraction of 64 tokens that is decided after each of 8 steps of a cosine schedule.
    let decided = (0..<8).map { step in Float(64 - Int(64 * cos(Double.pi / 2 * Double(step + 1) / 8))) / 64 }
    let mar = try run("{ from: 1, to: 2.9 }", 8) { decided[$0] }
    #expect(close(mar, decided.map { 1 + 1.9 * Double($0) }))
    let scale = 6.9, power = 1.5, count = 256
    let rar = try run("{ shape: power-cosine, from: 1, to: \(scale), power: \(power), over: step }", count)
    let published: [Double] = (0..<count).map { step in
      let fraction = pow(Double(step) / Double(count), power)
      return 1 + (scale - 1) * (1 - cos(Double.pi * fraction)) / 2
    }
    #expect(close(rar, published))
  }

  @Test("temperatures and denoising steps of FAR come out as its code has them")
  func far() throws {
    let temperature = try run("{ shape: cosine, from: 0.8, to: 1, over: next-step }", 10)
    let published: [Double] = (0..<10).map { step in
      let angle = Double.pi / 2 * Double(step + 1) / 10
      return 0.8 + 0.2 * (1 - cos(angle))
    }
    #expect(close(temperature, published))
    // The sampler with masks: from 0.85 towards the temperature T, which step K would reach.
    let masked = try run("{ from: 0.85, to: 1, over: step }", 11)
    let ramp: [Double] = (0..<11).map { step in 0.85 + 0.15 * Double(step) / 11 }
    #expect(close(masked, ramp))
    let steps = try run("{ from: 40, to: 100, over: last-step }", 10).map { Int($0.rounded()) }
    #expect(steps == [40, 47, 53, 60, 67, 73, 80, 87, 93, 100])
  }

  @Test("plain numbers, lists and single steps work, and two numbers make a line")
  func forms() throws {
    #expect(try run("2.5", 3) == [2.5, 2.5, 2.5])
    #expect(try run("{ from: 2 }", 3) == [2, 2, 2])
    #expect(try run("{ list: [3, 1] }", 4) == [3, 1, 1, 1])
    #expect(try run("{ from: 1, to: 5, over: last-step }", 1) == [1])
    #expect(try schedule("{ from: 1, to: 3 }").shape == .linear)
    #expect(try schedule("{ from: 1, to: 1 }").isAlways(1) && schedule("1").isAlways(1))
    #expect(try !schedule("{ from: 1, to: 1.1 }").isAlways(1) && !schedule("{ list: [1, 1, 2] }").isAlways(1))
  }

  @Test("numbers that would be ignored are refused")
  func refusals() {
    func message(_ text: String) -> String {
      do {
        _ = try schedule(text)
        return "no error"
      } catch { return "\(error)" }
    }
    #expect(message("{ shape: constant, from: 1, to: 3 }").contains("there is no setting 'to' in 'x'"))
    #expect(message("{ list: [] }").contains("'list' needs at least one number."))
    #expect(message("{ shape: linear, from: 1, to: 2, power: 3 }").contains("there is no setting 'power' in 'x'"))
  }
}
