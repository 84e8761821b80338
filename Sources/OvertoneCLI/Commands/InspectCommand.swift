import ArgumentParser
import Laboratory

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Print the datasets and attributes of an HDF5 file.",
    discussion: """
      Each dataset with its type, its axes by name and length, and its attributes. Any HDF5 file is accepted.
      Where an object is damaged, the exit status is 1.

        overtone inspect Results/quickstart/1/samples.h5
      """)
  @Argument(help: "The file.") var file: String
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    try GuardedReading.run(file) {
      let inspection = try Inspection(file)
      print(json ? inspection.json + "\n" : inspection.text, terminator: "")
      let damages = inspection.damages
      guard damages == 0 else {
        throw LaboratoryError(
          "\(file): it is damaged: \(damages == 1 ? "1 object" : "\(damages) objects") cannot be read.")
      }
    }
  }
}
