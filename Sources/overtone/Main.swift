import OvertoneCLI

@main
struct Main {
  static func main() { Overtone.main() }
}
