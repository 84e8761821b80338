import ArgumentParser
import ForeignWeights
import Foundation
import Laboratory

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Bring public weights (safetensors, or what torch.save made) into the parts of an experiment.",
    discussion: """
      The experiment says what is built; the file's tensors are put into it by name. The tokenizer and the model of MAR-B,
      then pictures by them, nothing trained:

        overtone import kl16.ckpt kl16.h5 Experiments/papers/mar/sizes.yaml --scale b --tokenizer
        overtone import mar-b.pth mar-b.h5 Experiments/papers/mar/sizes.yaml --scale b
        overtone run Experiments/papers/mar/sizes.yaml --scale b training.weights=mar-b.h5 training.steps=0

      Nothing is downloaded, and nothing in the file is run. Tensors that are missing, unexpected or of another shape
      are listed; with any missing or mis-shaped nothing is written, unless --partial says so.
      """)
  @Argument(help: "The file of weights.") var weights: String
  @Argument(help: "The checkpoint to write.") var output: String
  @OptionGroup var experiment: ExperimentArguments
  @Flag(help: "Put the weights into the tokenizer; else into the model.") var tokenizer = false
  @Option(help: "The family that the names are of; the one that fits best when left out.") var dialect: String?
  @Option(help: "The group of tensors, for example model_ema; 'model' when there is one.") var group: String?
  @Flag(help: "Write even when tensors are missing or mis-shaped; those keep their first values.") var partial = false

  func run() throws {
    let tensors = try WeightFile(weights).tensors(in: group)
    let part = WeightImport(
      assembly: try experiment.assembled(), part: tokenizer ? .tokenizer : .model)
    let report = try part.take(tensors, dialect: dialect)
    print(report.text)
    guard report.isComplete || partial else {
      throw LaboratoryError(
        "\(weights): \(report.missing.count) tensors are missing and \(report.misshaped.count) mis-shaped, so nothing was written; change the experiment's sizes, or add --partial."
      )
    }
    try part.write(to: output, from: weights)
    print(output)
  }
}
