import COpenBLAS
import Glibc
import Synchronization

/// The threads of all kernels: as many as the process has cores.
///
/// Work is cut into ranges by position, so that results do not depend on timing; the thread that runs a range does. A
/// call from inside a kernel, or while another thread uses the pool, runs on the calling thread alone.
// `job` is written only between two generations, by the thread that set `busy`.
public final class ThreadPool: @unchecked Sendable {
  /// The pool of this process.
  public static let shared = ThreadPool(width: availableCores)

  /// Threads, the calling one included.
  public let width: Int
  private let generation = Atomic<Int>(0)
  private let unfinished = Atomic<Int>(0)
  private let sleepers = Atomic<Int>(0)
  private let busy = Atomic<Bool>(false)
  private let limit: Atomic<Int>
  private let queues: [Queue]
  private var job: ((Int) -> Void)?
  private var lock = pthread_mutex_t()
  private var wake = pthread_cond_t()

  private init(width: Int) {
    self.width = width
    limit = Atomic(width)
    queues = (0..<max(1, width)).map { _ in Queue() }
    pthread_mutex_init(&lock, nil)
    pthread_cond_init(&wake, nil)
    for index in 1..<max(1, width) {
      let start = Unmanaged.passRetained(Start(pool: self, index: index))
      var thread = pthread_t()
      pthread_create(
        &thread, nil,
        { argument in
          let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
          start.pool.work(as: start.index)
          return nil
        }, start.toOpaque())
      pthread_detach(thread)
    }
  }

  /// The argument of a new thread.
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

  /// The pieces that a thread begins with; other threads take from them when their own are done.
  private final class Queue {
    /// The piece that comes next.
    let next = Atomic<Int>(0)
  }

  /// Cuts 0..<count into contiguous ranges, none shorter than `grain` but the last, and runs `body` over them all.
  ///
  /// A thread begins with ranges of its own, the same for the same count, and then takes ranges from other threads
  /// (work stealing), so that a core that another process slows down delays nothing. Work is cut into `pieces` ranges a
  /// thread where it is long enough, and into one otherwise. Ranges begin at multiples of `unit`: 16 where items are
  /// scalars that are read and written as vectors. Where only the calling thread works it runs the same ranges, one
  /// after another: the cut, and with it the rounding of sums, does not depend on the number of threads.
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
    for queue in queues { queue.next.store(0, ordering: .relaxed) }
    withoutActuallyEscaping(body) { body in
      run { [queues, width] index in
        guard index < threads else { return }
        for offset in 0..<width {
          let owner = (index + offset) % width, first = owner * rounds
          while true {
            let piece = queues[owner].next.add(1, ordering: .relaxed).oldValue, lower = (first + piece) * step
            guard piece < rounds, lower < count else { break }
            body(lower..<min(count, lower + step))
          }
        }
      }
    }
    busy.store(false, ordering: .releasing)
  }

  /// Runs `work` once on every thread, and waits until all are done.
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

  /// The loop of a thread: waits for a job, runs it, and waits again.
  private func work(as index: Int) {
    var seen = 0
    while true {
      // Kernels follow one another within microseconds, some within a millisecond: spin, then yield the core between
      // checks, and only then sleep, since waking up takes tens of microseconds.
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

/// Runs `body` over 0..<count on the shared pool.
///
/// `cost` is the rough number of operations of an item, `unit` is 16 where items are scalars that are processed as
/// vectors, and `pieces` is 1 where a range prepares something expensive for its items.
@inline(__always)
func parallel(_ count: Int, cost: Int = 1, unit: Int = 1, pieces: Int = 8, _ body: (Range<Int>) -> Void) {
  // Below some 40,000 operations a second thread costs more than it saves, above all where other processes run.
  ThreadPool.shared.split(count, grain: max(1, 40_000 / max(1, cost)), unit: unit, pieces: pieces, body)
}
