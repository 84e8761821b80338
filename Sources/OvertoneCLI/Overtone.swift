import ArgumentParser
import Foundation
import Laboratory
import Tensors

/// The command `overtone`. A package with other plugins links them and calls `Overtone.main()`.
public struct Overtone: ParsableCommand {
  /// Name, help text, version and subcommands.
  public static let configuration = CommandConfiguration(
    commandName: "overtone",
    abstract: "A laboratory for autoregressive image generation.",
    discussion: """
      An experiment is a YAML file that selects a direction, a tokenizer, a loss, and their training.

        overtone run Experiments/quickstart.yaml
        overtone run Experiments/quickstart.yaml training.steps=2000 seed=1
        overtone show --origin Experiments/quickstart.yaml
        overtone components frequency

      Exit status: 0 done, 1 error, 2 usage error, 71 out of memory, 75 stopped and resumable.
      """,
    version: Environment.build,
    subcommands: [
      RunCommand.self, SampleCommand.self, EvaluateCommand.self, ValidateCommand.self, ShowCommand.self,
      PlanCommand.self,
      ComponentsCommand.self,
      StatusCommand.self, TableCommand.self, CompareCommand.self, ReportCommand.self, FiguresCommand.self,
      InspectCommand.self, VerifyCommand.self, ExportCommand.self, DataCommand.self, ImportCommand.self,
      DoctorCommand.self, BenchCommand.self, ReadThroughCommand.self,
    ])

  /// The command without arguments, for the argument parser.
  public init() {}

  /// Runs the command line and exits: 0 done, 1 an error of the experiment, its data or files, 2 an error of the
  /// command line, 75 stopped and resumable.
  public static func main() {
    // A guarded process ends at once by the signals that the program listens to, and computes nothing.
    let isGuarded = GuardedReading.isInside
    if !isGuarded { Interruption.listen() }
    GuardedReading.begin()
    do {
      var command = try parseAsRoot(Array(CommandLine.arguments.dropFirst(isGuarded ? 2 : 1)))
      if !isGuarded { try BLAS.checkForProducts() }
      try command.run()
    } catch let failure as GuardedReading.Failure {
      Foundation.exit(failure.status)
    } catch let stopped as Stopped {
      complain("\(stopped)")
      Foundation.exit(75)
    } catch {
      switch exitCode(for: error) {
      case .success:  // help and version
        print(fullMessage(for: error))
        Foundation.exit(0)
      case .failure:  // an error of the experiment, its data or files
        complain("error: \(error)")
        Foundation.exit(1)
      default:  // an error of the command line
        complain(fullMessage(for: error))
        Foundation.exit(2)
      }
    }
  }

  /// Prints on standard error.
  private static func complain(_ text: String) {
    Journal.endLine()
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }
}
