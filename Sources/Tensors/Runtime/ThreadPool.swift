import COpenBLAS
import Glibc
import Synchronization

/// The threads that kernels share: as many as the process has cores.
///
/// Work is cut by position, never by who is free, so that results do not depend on timing; who does a piece does depend
/// on it. A call from inside a kernel, or while another thread uses the pool, runs on the calling thread alone.
// `job` is written only between two generations, by the owner of `busy`.
public final class ThreadPool: @unchecked Sendable {
  /// The pool of this process.
  public static let shared = ThreadPool(width: availableCores)

  /// How many threads work, the calling one included.
  public let width: Int
  private let generation = Atomic<Int>(0)
  private let unfinished = Atomic<Int>(0)
  private let sleepers = Atomic<Int>(0)
  private let busy = Atomic<Bool>(false)
  private let limit: Atomic<Int>
  private let shares: [Share]
  private var job: ((Int) -> Void)?
  private var lock = pthread_mutex_t()
  private var wake = pthread_cond_t()

  private init(width: Int) {
    self.width = width
    limit = Atomic(width)
    shares = (0..<max(1, width)).map { _ in Share() }
    pthread_mutex_init(&lock, nil)
    pthread_cond_init(&wake, nil)
    for index in 1..<max(1, width) {
      let start = Unmanaged.passRetained(Start(pool: self, index: index))
      var thread = pthread_t()
      pthread_create(
        &thread, nil,
        { argument in
          let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
          start.pool.serve(start.index)
          return nil
        }, start.toOpaque())
      pthread_detach(thread)
    }
  }

  private final class Start {
    let pool: ThreadPool, index: Int
    init(pool: ThreadPool, index: Int) { self.pool = pool; self.index = index }
  }

  /// Cores that this process may run on.
  static var availableCores: Int { Int(overtone_available_cores()) }

  /// Threads in use, 1...width.
  public var threads: Int { limit.load(ordering: .relaxed) }

  /// Uses at most `count` threads from now on.
  public func use(_ count: Int) { limit.store(max(1, min(width, count)), ordering: .relaxed) }

  /// What a thread begins with: which of its pieces comes next. Others help themselves to what it has not begun.
  private final class Share {
    let next = Atomic<Int>(0)
  }

  /// Cuts 0..<count into contiguous ranges, none shorter than `grain` but the last, and runs them all.
  ///
  /// Each thread begins with its own chunk, the same for the same count, and goes on with what others have not begun:
  /// a core that somebody else slows down holds up nobody. Work is cut into `pieces` ranges a thread where it is long
  /// enough, and into one otherwise. Ranges begin at multiples of `unit`: 16 where items are scalars that are read and
  /// written in whole vectors of 16.
  /// Where only the calling thread works it goes through the same ranges, one after another: how work is cut, and so
  /// how sums round, is the same whoever does it.
  public func split(_ count: Int, grain: Int, unit: Int = 1, pieces: Int = 8, _ body: (Range<Int>) -> Void) {
    let most = max(1, count / max(1, grain)), rounds = max(1, min(pieces, most / width))
    let parts = min(width * rounds, most)
    guard parts > 1 else {
      if count > 0 { body(0..<count) }
      return
    }
    let step = ((count + parts - 1) / parts + unit - 1) / unit * unit
    let threads = threads
    guard threads > 1, busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
      for lower in stride(from: 0, to: count, by: step) { body(lower..<min(count, lower + step)) }
      return
    }
    for share in shares { share.next.store(0, ordering: .relaxed) }
    withoutActuallyEscaping(body) { body in
      run { [shares, width] index in
        guard index < threads else { return }
        for turn in 0..<width {
          let owner = (index + turn) % width, first = owner * rounds
          while true {
            let piece = shares[owner].next.add(1, ordering: .relaxed).oldValue, lower = (first + piece) * step
            guard piece < rounds, lower < count else { break }
            body(lower..<min(count, lower + step))
          }
        }
      }
    }
    busy.store(false, ordering: .releasing)
  }

  private func run(_ work: @escaping (Int) -> Void) {
    job = work
    unfinished.store(width - 1, ordering: .relaxed)
    generation.add(1, ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 {
      pthread_mutex_lock(&lock)
      pthread_cond_broadcast(&wake)
      pthread_mutex_unlock(&lock)
    }
    work(0)
    var spins = 0
    while unfinished.load(ordering: .acquiring) > 0 {
      spins += 1
      if spins > 20_000 { sched_yield() }
    }
    job = nil
  }

  private func serve(_ index: Int) {
    var seen = 0
    while true {
      // Kernels follow one another within microseconds, some of them within a millisecond: look a while, then let
      // others have the core between looks, and only then go to sleep, which takes tens of microseconds to end.
      var spins = 0
      while generation.load(ordering: .acquiring) == seen {
        spins += 1
        guard spins > 60_000 else { continue }
        guard spins > 62_000 else {
          sched_yield()
          continue
        }
        pthread_mutex_lock(&lock)
        sleepers.add(1, ordering: .sequentiallyConsistent)
        while generation.load(ordering: .sequentiallyConsistent) == seen { pthread_cond_wait(&wake, &lock) }
        sleepers.subtract(1, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(&lock)
      }
      seen += 1
      job?(index)
      unfinished.subtract(1, ordering: .releasing)
    }
  }
}

/// Runs `body` over 0..<count on the shared pool; `cost` is the rough number of operations one item takes, and `unit` 16
/// where items are scalars in lanes. `pieces` is 1 where what a range prepares for its items is dear.
@inline(__always)
func parallel(_ count: Int, cost: Int = 1, unit: Int = 1, pieces: Int = 8, _ body: (Range<Int>) -> Void) {
  // Below some 40,000 operations a second thread costs more than it brings, above all where cores are shared.
  ThreadPool.shared.split(count, grain: max(1, 40_000 / max(1, cost)), unit: unit, pieces: pieces, body)
}
