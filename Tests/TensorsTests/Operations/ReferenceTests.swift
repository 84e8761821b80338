import FixtureSupport
import Tensors
import Testing

/// An operation of `ops.h5`: its name there and how ours is called with the inputs by name.
private struct Case: Sendable, CustomStringConvertible {
  let name: String
  let run: @Sendable ([String: Tensor]) -> Tensor
  init(_ name: String, _ run: @escaping @Sendable ([String: Tensor]) -> Tensor) {
    self.name = name
    self.run = run
  }
  var description: String { name }
}

/// [batch, heads, n, d] to [batch, n, heads d].
private func merged(_ x: Tensor) -> Tensor {
  x.permuted([0, 2, 1, 3]).reshaped([x.shape[0], x.shape[2], x.shape[1] * x.shape[3]])
}
private func split(_ x: Tensor, _ heads: Int) -> Tensor {
  x.reshaped([x.shape[0], x.shape[1], heads, x.shape[2] / heads]).permuted([0, 2, 1, 3])
}
private func attention(_ inputs: [String: Tensor], _ visible: [Int]?) -> Tensor {
  let q = inputs["q"]!, heads = q.shape[1]
  return split(merged(q).attention(merged(inputs["k"]!), merged(inputs["v"]!), heads: heads, visible: visible), heads)
}
/// Channels last and back; kernels [out, in, h, w] to [out, h, w, in].
private func last(_ x: Tensor) -> Tensor { x.permuted([0, 2, 3, 1]) }
private func first(_ x: Tensor) -> Tensor { x.permuted([0, 3, 1, 2]) }
private func convolution(_ inputs: [String: Tensor], _ stride: Int, _ padding: Padding) -> Tensor {
  first(last(inputs["x"]!).convolved(last(inputs["w"]!), inputs["b"]!, stride: stride, padding: padding))
}

private let cases: [Case] = [
  Case("linear") { $0["x"]!.linear($0["w"]!, $0["b"]!) },
  Case("layer_norm") { $0["x"]!.layerNorm($0["w"]!, $0["b"]!, epsilon: 1e-6) },
  Case("rms_norm") { $0["x"]!.rmsNorm($0["w"]!, epsilon: 1e-5) },
  Case("group_norm") { first(last($0["x"]!).groupNorm(groupCount: 4, $0["w"]!, $0["b"]!, epsilon: 1e-6)) },
  Case("gelu_erf") { $0["x"]!.activated(.gelu) },
  Case("gelu_tanh") { $0["x"]!.activated(.geluTanh) },
  Case("silu") { $0["x"]!.activated(.silu) },
  Case("softmax") { $0["x"]!.softmax },
  Case("cross_entropy") { inputs in
    let rows = inputs["x"]!.shape[0]
    return inputs["x"]!.crossEntropy((0..<rows).map { $0 % 5 })
  },
  Case("attention") { attention($0, nil) },
  Case("attention_causal") { inputs in attention(inputs, (1...inputs["q"]!.shape[2]).map { $0 }) },
  Case("conv3x3") { convolution($0, 1, .all(1)) },
  Case("conv3x3_down") { convolution($0, 2, .belowRight) },
  Case("conv1x1") { convolution($0, 1, .all(0)) },
  Case("nearest2x") { first(last($0["x"]!).upsampled2x) },
  Case("normalize") { $0["x"]!.normalized() },
  Case("max_pool_3_2") { first(last($0["x"]!).maxPooled(window: 3, stride: 2)) },
  Case("avg_pool_exclude_pad") { averaged($0["x"]!) },
  Case("batch_norm_eval") { normalised($0["x"]!, $0["w"]!, $0["b"]!) },
]

/// The mean over windows of 3 x 3 without the padding: a convolution with ones, divided by the pixels of each window.
private func averaged(_ x: Tensor) -> Tensor {
  let flat = x.reshaped([x.shape[0] * x.shape[1], x.shape[2], x.shape[3], 1]),
    ones = Tensor(repeating: 1, shape: [1, 3, 3, 1])
  let count = Tensor(repeating: 1, shape: flat.shape).convolved(ones, nil, stride: 1, padding: .all(1))
  return (flat.convolved(ones, nil, stride: 1, padding: .all(1)) / count).reshaped(x.shape)
}

/// Batch normalisation with running means 0.1, 0.2, ... and variances 1, 2, ..., epsilon 0.001, as the file says.
private func normalised(_ x: Tensor, _ weight: Tensor, _ bias: Tensor) -> Tensor {
  let channels = x.shape[1], shape = [1, channels, 1, 1]
  let mean = Tensor(shape, (1...channels).map { 0.1 * Float($0) })
  let deviation = Tensor(shape, (1...channels).map { (Float($0) + 0.001).squareRoot() })
  return (x - mean) / deviation * weight.reshaped(shape) + bias.reshaped(shape)
}

@Suite struct ReferenceTests {
  @Test("an operation and its gradients are those of the reference", arguments: cases)
  private func operation(_ entry: Case) throws {
    let file = try Fixture("ops"), names = file.names("\(entry.name)/in")
    #expect(!names.isEmpty)
    let inputs = try names.map { try file.tensor("\(entry.name)/in/\($0)").tracked }
    let out = entry.run(Dictionary(uniqueKeysWithValues: zip(names, inputs)))
    #expect(try file.disagreement(out, "\(entry.name)/out", bound: 2e-5) == nil)
    let gradients = (out * (try file.tensor("\(entry.name)/grad_out"))).sum.gradients(of: inputs)
    for (name, gradient) in zip(names, gradients) {
      #expect(try file.disagreement(gradient, "\(entry.name)/grad/\(name)", bound: 2e-5) == nil)
    }
  }

  @Test("a result one percent off is noticed")
  func teeth() throws {
    let file = try Fixture("ops"), out = try file.tensor("silu/in/x").activated(.silu)
    #expect(try file.disagreement(out * 1.01, "silu/out", bound: 2e-5) != nil)
  }
}
