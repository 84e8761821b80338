import Laboratory

@main
struct Main {
  static func main() { Overtone.main() }
}
