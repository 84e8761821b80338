import CGuard
import FuzzTargets
import Glibc

/// The reader that `--target=NAME` chooses, and the ends of the processes that read for it. libFuzzer calls from one
/// thread.
private enum Session {
  nonisolated(unsafe) static var target: FuzzTarget?
  nonisolated(unsafe) static var inputs = 0
  nonisolated(unsafe) static var signals: [Int32: Int] = [:]
}

private func note(_ message: String) { _ = (message + "\n").withCString { write(STDERR_FILENO, $0, strlen($0)) } }

private func refuse(_ message: String) -> Never {
  note(message)
  exit(2)
}

/// Chooses the reader, or prints what `--list`, `--words` and `--seeds` ask for.
@_cdecl("LLVMFuzzerInitialize") public func initialize(
  _ count: UnsafeMutablePointer<Int32>,
  _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> Int32 {
  let arguments = (0..<Int(count.pointee)).compactMap { words.pointee[$0].map { String(cString: $0) } }
  if arguments.contains("--list") {
    for target in FuzzTarget.all { print(target.name) }
    exit(0)
  }
  let prefix = "--target="
  guard let name = arguments.first(where: { $0.hasPrefix(prefix) })?.dropFirst(prefix.count),
    let target = FuzzTarget.all.first(where: { $0.name == name })
  else { refuse("--target is one of \(FuzzTarget.all.map(\.name).joined(separator: ", ")).") }
  if arguments.contains("--words") {
    for word in target.words { print("\"" + word.utf8.map { "\\x" + hexadecimal($0) }.joined() + "\"") }
    exit(0)
  }
  if arguments.contains("--seeds") {
    for seed in target.seeds { print(seed.folder, seed.suffix) }
    exit(0)
  }
  Session.target = target
  FuzzTarget.nameFiles()
  // The library is opened here, and not again in every process.
  if target.needsProcess { target.read([]) }
  // libFuzzer looks at the memory in use; this bounds what is asked for at once.
  _ = overtone_limit_memory(2_000_000_000)
  atexit {
    guard Session.inputs > 0 else { return }
    let ends = Session.signals.sorted { $0.key < $1.key }.map { "signal \($0.key): \($0.value)" }
    note(
      "inputs to processes: \(Session.inputs), ended by \(ends.isEmpty ? "no signal" : ends.joined(separator: ", "))")
  }
  return 0
}

private func hexadecimal(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

/// Reads one input.
@_cdecl("LLVMFuzzerTestOneInput") public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  guard let target = Session.target else { return 0 }
  if !target.needsProcess {
    target.read(Array(UnsafeBufferPointer(start: data, count: count)))
    return 0
  }
  // A signal that a library raises ends the child that the program reads with; a trap of Swift is a fault of ours.
  let signal = overtone_guard(
    { data, count in Session.target?.read(Array(UnsafeBufferPointer(start: data, count: count))) }, data, count)
  precondition(signal >= 0, "no child")
  Session.inputs += 1
  if signal != 0 { Session.signals[signal, default: 0] += 1 }
  precondition(signal != SIGILL && signal != SIGTRAP, "a trap in the child")
  return 0
}
