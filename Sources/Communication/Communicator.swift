public import Diagnostics
public import Steps

/// The ranks of a job, and the messages between them.
///
/// ```swift
/// let totals = world.sum([1, Double(images.shape[0])])  // ranks, and samples on all of them
/// world.onRoot { print("\(totals[1]) samples") }
/// world.barrier()                                        // returns when all ranks have come
/// ```
///
/// All collectives are blocking and must be called by all ranks in the same order with buffers of
/// the same size. They never fail visibly: no rank can go on alone, so an error of MPI ends the job
/// with status 75.
public protocol Communicator: StepMember {
  /// This process's number among the ranks of its host, `0 ..< localSize`.
  var localRank: Int { get }
  /// The number of ranks on this host.
  var localSize: Int { get }
  /// The fewest ranks that any host has.
  var leastLocalSize: Int { get }
  /// The name of this host.
  var host: String { get }

  /// The record of what this rank does, by which others learn whom they wait for; nil where there
  /// are none, which is the default.
  var watch: Watch? { get }

  /// Where the time of this rank's steps goes.
  var profile: StepProfile { get }

  /// Replaces every element by its sum, minimum or maximum over all ranks.
  ///
  /// In which order a floating-point sum is rounded is up to MPI and may change with `size`.
  func allReduce<Element: Reducible>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReductionOperation)

  /// Replaces every element by its sum over one rank of each host: those with this `localRank`.
  ///
  /// Call it on all ranks; those whose `localRank` is not below `leastLocalSize` pass an empty
  /// buffer. Unlike the other collectives it may be called on a thread of its own, where
  /// `threadLevel` allows that, while the rank's thread calls others.
  ///
  /// - Parameter count: the number of elements that a host sums in all, the same on all ranks.
  func allReduceAcrossHosts<Element: Reducible>(
    _ buffer: UnsafeMutableBufferPointer<Element>, of count: Int)

  /// Replaces `bytes` by those of rank `root`. Stops the program if there is no such rank.
  func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int)

  /// Joins the `bytes` of all ranks in rank order.
  ///
  /// Stops the program unless `result` is `size` times as long as `bytes`. The two must not
  /// overlap.
  func allGather(_ bytes: UnsafeRawBufferPointer, into result: UnsafeMutableRawBufferPointer)

  /// Returns when all ranks have called it.
  func barrier()

  /// Memory of `byteCount` bytes for every rank of this host, seen by all of them; nil in a job of one
  /// rank, or where a host has too little. Collective over all hosts, and the same answer on all.
  func makeSharedWindow(byteCount: Int) -> SharedWindow?

  /// The ranks that give the same `color`, in the order of their keys and, where these are equal, of
  /// their ranks here; nil where `color` is nil: this rank is in no part. Collective over all ranks.
  ///
  /// A part numbers its ranks from 0 and has a `step` and a `profile` of its own; its collectives
  /// are called by its ranks alone. Stops the program unless color and key are from 0 and below 2^31.
  func split(color: Int?, key: Int) -> (any Communicator)?

  /// Whether a second thread of a rank may call collectives.
  var allowsThreads: Bool { get }

  /// Ends all ranks of the job at once, with status `code`; says nothing.
  func abort(_ code: ExitCode) -> Never
}

extension Communicator {
  /// No record: a communicator keeps one only where others may wait for this rank.
  public var watch: Watch? { nil }

  /// The part of the ranks that give the same `color`, in the order of their ranks here; nil where
  /// `color` is nil.
  public func split(color: Int?) -> (any Communicator)? { split(color: color, key: 0) }

  /// The part of the ranks that give the same `color`, in the order of their keys, and of their ranks
  /// here where these are equal.
  public func split(color: Int, key: Int = 0) -> any Communicator {
    guard let part = split(color: Optional(color), key: key) else {
      stop("split: color \(color) has no part")
    }
    return part
  }

  /// See `StepMember.note`.
  public func note(_ phase: Phase, step: Int?) {
    profile.note(phase)
    watch?.note(phase, step: step)
  }

  /// Whether all ranks are on one host.
  public var isOneHost: Bool { localSize == size }

  /// Whether this is rank 0, which by convention speaks and writes files for all.
  public var isRoot: Bool { rank == 0 }

  func checkRoot(_ root: Int, _ collective: StaticString) {
    check(
      root >= 0 && root < size, "\(collective): root \(root) is not one of \(size) rank(s)")
  }

  func checkSplit(_ color: Int?, _ key: Int) {
    for (name, value) in [("color", color ?? 0), ("key", key)] {
      check(
        value >= 0 && value <= Int32.max,
        "split: the \(name) \(value) is not from 0 to \(Int32.max); count groups from 0")
    }
  }

  func checkGather(_ part: Int, _ whole: Int) {
    check(
      whole == part * size,
      "allGather: \(size) rank(s) of \(part) bytes do not fill a result of \(whole) bytes")
  }
}
