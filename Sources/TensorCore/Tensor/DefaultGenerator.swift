import Diagnostics
import Glibc

// Which numbers functions without a generator draw.
//
// Chance must be independent where the samples are others: ranks that work on different samples and
// draw the same dropout masks would learn less from them. So what is drawn while a batch is worked on
// is a function of the seed, the step, and which samples these are; what is drawn outside of batches,
// one of the seed and the rank.

extension Generator {
  /// What functions without a generator draw from on this thread; restart it with `seed(_:)`.
  ///
  /// Every thread has its own, of seed 0 at first. While a sharded `DataLoader` is looped over, it
  /// belongs to the samples of the batch. Otherwise it belongs to the rank, from
  /// `averageGradients(over:)` on: ranks draw different numbers, whatever they are seeded with, and
  /// rank 0 those of a single process. For numbers that all ranks are to have in common make a
  /// generator, `Generator(seed:)`.
  public static var `default`: Generator { ThreadGenerators.current.inUse }

  /// Starts this thread's default generator anew, as `torch.manual_seed` does.
  public static func seed(_ seed: UInt64) { ThreadGenerators.current.seed(seed) }

  /// Makes this thread's default numbers outside of batches those of `rank`, from now on.
  package static func setRank(_ rank: Int) { ThreadGenerators.current.setRank(rank) }

  /// Where this thread's default random numbers stand outside of batches: what a run that is to go on
  /// later keeps, and sets again. Setting it takes the place of `seed(_:)`.
  ///
  /// What is drawn while a batch is worked on is not part of it: that follows from the seed and the
  /// batch.
  public static var defaultState: GeneratorState {
    get {
      let current = ThreadGenerators.current
      return GeneratorState(seed: current.seeded.key, position: current.ofRank.position)
    }
    set {
      ThreadGenerators.current.seed(newValue.seed)
      ThreadGenerators.current.ofRank.position = newValue.position
    }
  }

  /// What the numbers of the batches of a loop that begins now are derived from: it does not depend
  /// on the rank, and within a batch of an outer loop belongs to that.
  package static var rootOfLoop: Generator { ThreadGenerators.current.rootOfLoop }

  /// Makes `generator` this thread's default one while a batch is worked on; nil: no batch is.
  /// Returns what it was before.
  @discardableResult
  package static func exchangeBatch(_ generator: Generator?) -> Generator? {
    let generators = ThreadGenerators.current
    defer { generators.ofBatch = generator }
    return generators.ofBatch
  }
}

/// A generator's seed, and how far it has been drawn from.
public struct GeneratorState: Hashable, Codable, Sendable {
  /// What it was seeded with.
  public var seed: UInt64
  /// How many words of 32 bits were drawn.
  public var position: UInt64

  /// The place after `position` words of `seed`.
  public init(seed: UInt64, position: UInt64 = 0) {
    self.seed = seed
    self.position = position
  }
}

/// What a thread draws from by default.
private final class ThreadGenerators {
  /// As it was seeded, the same on all ranks that are seeded alike.
  private(set) var seeded = Generator(seed: 0)
  private var rank = 0
  /// That of this rank.
  private(set) var ofRank: Generator
  /// That of the batch that is worked on; nil: none is.
  var ofBatch: Generator?

  private init() { ofRank = seeded }

  var inUse: Generator { ofBatch ?? ofRank }
  var rootOfLoop: Generator { ofBatch ?? seeded }

  func seed(_ seed: UInt64) {
    seeded = Generator(seed: seed)
    ofRank = rank == 0 ? seeded : seeded.forPart([rank])
    ofBatch = nil
  }

  func setRank(_ rank: Int) {
    guard rank != self.rank else { return }
    self.rank = rank
    ofRank = rank == 0 ? seeded : seeded.forPart([rank])
  }

  static var current: ThreadGenerators {
    if let current = pthread_getspecific(key) {
      return Unmanaged<ThreadGenerators>.fromOpaque(current).takeUnretainedValue()
    }
    let first = ThreadGenerators()
    pthread_setspecific(key, Unmanaged.passRetained(first).toOpaque())
    return first
  }

  /// The place of each thread's generators, which go with the thread.
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    let status = pthread_key_create(&key) { pointer in
      if let pointer { Unmanaged<ThreadGenerators>.fromOpaque(pointer).release() }
    }
    check(status == 0, "Generator: the system has no place for thread-local values (\(status))")
    return key
  }()
}
