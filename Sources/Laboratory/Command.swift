import ArgumentParser
import Autoregression
import Foundation
import Networks
import Settings
import Tensors

/// The command `overtone`. A package with plugins of its own links them and calls `Overtone.main()`.
public struct Overtone: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "overtone",
    abstract: "A laboratory for autoregressive image generation.",
    discussion: """
      An experiment is a YAML file that names a direction, a tokenizer, a loss, and how they are trained.

        overtone run Experiments/quickstart.yaml
        overtone run Experiments/quickstart.yaml training.steps=2000 seed=1
        overtone show --origin Experiments/quickstart.yaml
        overtone components frequency

      Exit status: 0 done, 1 an error, 2 wrong usage, 75 stopped and resumable.
      """,
    version: Environment.version,
    subcommands: [
      RunCommand.self, SampleCommand.self, ValidateCommand.self, ShowCommand.self, PlanCommand.self,
      ComponentsCommand.self,
      InspectCommand.self, DataCommand.self, DoctorCommand.self,
    ])

  public init() {}

  /// Runs what the command line asks for and ends the program with the status that says how it went.
  public static func main() {
    Interruption.listen()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let stopped as Stopped {
      complain("\(stopped)")
      Foundation.exit(75)
    } catch let error where !isUsage(error) {
      complain("error: \(error)")
      Foundation.exit(1)
    } catch {
      let status = exitCode(for: error)
      let text = fullMessage(for: error)
      if status == .success { print(text) } else { complain(text) }
      Foundation.exit(status == .success ? 0 : 2)
    }
  }

  /// Errors of the argument parser, help and version included, as opposed to ours.
  private static func isUsage(_ error: any Error) -> Bool {
    !(error is SettingsError || error is LaboratoryError || error is DataError
      || String(reflecting: type(of: error)).hasPrefix("Storage.")
      || String(reflecting: type(of: error)).hasPrefix("Images."))
  }

  private static func complain(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}

/// The experiment file and what is put over it; shared by all commands that take one.
struct ExperimentArguments: ParsableArguments {
  @Argument(help: "The experiment file.") var file: String
  @Argument(help: "Settings put over the file's, as key=value: training.steps=100.") var overrides: [String] = []

  func assembled() throws -> Assembly {
    for override in overrides where !override.contains("=") {
      throw ValidationError("'\(override)' is no override; write it as key=value, for example training.steps=100.")
    }
    let settings = try Settings(file: file, overrides: overrides)
    let name = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
    return try Assembly(settings, name: name, registry: Registry.linked())
  }
}

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Train what is missing, make pictures, measure; running again goes on or does nothing twice.")
  @OptionGroup var experiment: ExperimentArguments
  @Flag(name: .shortAndLong, help: "Say nothing but errors.") var quiet = false
  @Option(help: "Threads to use; all cores when left out.") var threads: Int?

  func run() throws {
    if let threads { ThreadPool.shared.use(threads) }
    let journal = Journal(quiet: quiet)
    var run = try Run(try experiment.assembled(), journal: journal)
    try run.all()
  }
}

struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample", abstract: "Make pictures with a trained experiment: its grid again, with other settings.",
    discussion: "Example: overtone sample Experiments/quickstart.yaml sampling.guidance=3 sampling.per-class=4")
  @OptionGroup var experiment: ExperimentArguments

  func run() throws {
    var run = try Run(try experiment.assembled(), journal: Journal())
    try run.train()
    try run.sample()
    print("\(run.folder)/samples/grid.png")
  }
}

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Check an experiment without opening data.")
  @OptionGroup var experiment: ExperimentArguments

  func run() throws {
    let assembly = try withoutNumbers { try experiment.assembled() }
    print("\(experiment.file): sound (\(assembly.tokenSummary), \(assembly.classes) classes)")
  }
}

struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Print an experiment with every default.")
  @OptionGroup var experiment: ExperimentArguments
  @Flag(help: "Print every default (always on; for symmetry with --origin).") var resolved = false
  @Flag(help: "Say where each value comes from.") var origin = false

  func run() throws { print(try withoutNumbers { try experiment.assembled() }.settings.resolved(origins: origin), terminator: "") }
}

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Print shapes, parameters, work, memory and time.")
  @OptionGroup var experiment: ExperimentArguments
  @Flag(help: "Print JSON.") var json = false

  func run() throws { print(Plan(try withoutNumbers { try experiment.assembled() }).text(json: json)) }
}

struct ComponentsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "components", abstract: "Print what an experiment can name, with settings and sources.")
  @Argument(help: "Only this role or key.") var name: String?
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let list = Catalogue(Registry.linked())
    if let name, list.entries(name).isEmpty {
      let near = nearest(name, among: list.names).map { " Did you mean '\($0)'?" } ?? ""
      throw LaboratoryError("no role or component is called '\(name)'.\(near)")
    }
    print(list.text(name, json: json))
  }
}

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "inspect", abstract: "Print what an HDF5 file holds.")
  @Argument(help: "The file.") var file: String

  func run() throws { print(try Inspection(file).text, terminator: "") }
}

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Bring pictures into one HDF5 file.", subcommands: [Import.self])

  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "import", abstract: "A folder of class folders of PNG or JPEG pictures into one HDF5 file.",
      discussion: "Pictures are halved by box, resized bicubic and cropped at the centre, as ADM, MAR and FAR do.")
    @Argument(help: "The folder; each folder inside is a class.") var folder: String
    @Argument(help: "The file to write.") var output: String
    @Option(help: "Pixels of a side.") var size: Int = 32

    func validate() throws {
      guard (1...4096).contains(size) else { throw ValidationError("--size must be from 1 to 4096, not \(size).") }
    }

    func run() throws { try PictureImport(folder: folder, output: output, size: size).run(Journal()) }
  }
}

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check processor, libraries and speed.")

  func run() throws { print(Doctor.report(), terminator: "") }
}
