import Glibc
import Storage
import Tensors

/// The record of a step that diverged: `debug.h5` of the stage's folder, for a look with any HDF5 tool.
///
/// - attributes of the root: file_type "debug", culprit, step
/// - /rows [batch]: indices of the images of the step; /config/yaml: the settings of the stage
/// - /history/{step,loss,gradient_norm} [steps]: the newest steps, the diverged one last
/// - /parameters/{norm,gradient_norm} [parameters]: by name; the gradients are those of the diverged step, NaN where
///   there are none
/// - /culprit […]: the first tensor that is not finite, up to 4 MiB
struct DebugFile {
  /// The step that diverged: 1, 2, ...
  let step: Int
  let culprit: Culprit
  /// Indices of the images of the step.
  let rows: [Int]
  let history: [(step: Int, loss: Double, gradientNorm: Double)]
  let parameters: NamedParameters
  /// The settings of the stage.
  let recipe: String

  /// The first tensor found not to be finite.
  struct Culprit {
    /// "the loss", "the gradient of 'backbone.blocks.0.mlp.up.weight'".
    let name: String
    let tensor: Tensor
    /// Gradients in the order of the parameters; empty where none were computed.
    var gradients: [Tensor] = []
    /// True where the numbers came with the data.
    var isInput = false
  }

  /// Returns the path in a folder.
  static func path(in folder: String) -> String { "\(folder)/debug.h5" }

  /// Removes the file of an earlier divergence, once the stage has passed it.
  static func remove(from folder: String) { unlink(path(in: folder)) }

  /// Returns the steps of an earlier divergence, the diverged one last; empty where there was none.
  static func history(in folder: String) -> [(step: Int, loss: Double, gradientNorm: Double)] {
    guard Folder.exists(path(in: folder)), let reader = try? Reader(path(in: folder)),
      let steps = try? reader.ints("history/step"), let losses = try? reader.doubles("history/loss"),
      let norms = try? reader.doubles("history/gradient_norm"), losses.count == steps.count, norms.count == steps.count
    else { return [] }
    return steps.indices.map { (steps[$0], losses[$0], norms[$0]) }
  }

  /// Writes the file into a folder.
  func write(to folder: String) throws {
    try Writer.replacing(Self.path(in: folder)) { file in
      try file.attribute("file_type", "debug")
      try file.attribute("culprit", culprit.name)
      try file.attribute("step", step)
      try file.write(recipe, "config/yaml")
      if !rows.isEmpty { try file.write(rows, "rows", axes: [Axis("sample")]) }
      let steps = [Axis("step", .numbers(history.map { Double($0.step) }))]
      try file.write(history.map(\.step), "history/step", axes: steps)
      try file.write(history.map(\.loss), "history/loss", axes: steps)
      try file.write(history.map(\.gradientNorm), "history/gradient_norm", axes: steps)
      let names = [Axis("parameter", .texts(parameters.map(\.path)))]
      try file.write(parameters.map { Self.norm($0.parameter.value) }, "parameters/norm", axes: names)
      let gradients =
        culprit.gradients.isEmpty ? parameters.map { _ in Double.nan } : culprit.gradients.map(Self.norm)
      try file.write(gradients, "parameters/gradient_norm", axes: names)
      // 2^20 scalars of 4 bytes.
      if culprit.tensor.count <= 1 << 20 { try file.write(culprit.tensor, "culprit") }
    }
  }

  /// The Euclidean norm, in double precision.
  private static func norm(_ tensor: Tensor) -> Double {
    tensor.withUnsafeScalars { $0.reduce(0.0) { $0 + Double($1) * Double($1) } }.squareRoot()
  }
}
