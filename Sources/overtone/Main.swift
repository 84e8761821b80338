import OvertoneCLI

/// The program `overtone`: the command line with the plugins that Package.swift links to it.
@main
struct Main {
  /// Runs the command line and exits with its status.
  static func main() { Overtone.main() }
}
