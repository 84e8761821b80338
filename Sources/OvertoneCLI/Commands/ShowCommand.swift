import ArgumentParser
import Laboratory
import Networks

struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Print an experiment with every default.")
  @OptionGroup var experiment: ExperimentArguments
  @Flag(help: "Print every default (always on).") var resolved = false
  @Flag(help: "Print the file, line and column that set each value.") var origin = false

  func run() throws {
    print(try withoutStorage { try experiment.assembled() }.settings.resolved(origins: origin), terminator: "")
  }
}
